import {
  BadInputError,
  BOOLEAN,
  type Check,
  checkFields,
  DEVICE_TOKEN,
  integer,
  oneOf,
  requireObject,
  text,
} from './bad-input.ts'
import { ERROR_CODES, type Fault, type FaultAction } from './fault.ts'

const MAX_COUNT = 1_000_000_000
const MAX_DELAY_MS = 3_600_000
const ERROR_CODE = oneOf(Object.keys(ERROR_CODES))
const INSTANT = integer(0, Number.MAX_SAFE_INTEGER)

const TARGET_CHECKS: Record<string, Check> = {
  action: [() => true, ''],
  topic: text(255),
  percent: [
    value => typeof value === 'number' && value > 0 && value <= 100,
    'a number above 0 and at most 100',
  ],
  times: integer(1, MAX_COUNT),
  after: integer(0, MAX_COUNT),
  delayMs: integer(0, MAX_DELAY_MS),
  shown: BOOLEAN,
}

const ACTION_CHECKS: Record<FaultAction['action'], Record<string, Check>> = {
  answer: {
    status: integer(200, 599),
    reason: text(100),
    timestamp: INSTANT,
    // What a header value may hold: visible ASCII and space.
    retryAfter: [value => typeof value === 'string' && /^[!-~ ]{1,100}$/.test(value), 'a header value'],
    body: [
      value => typeof value === 'string' && value.length <= 65_536,
      'a text of at most 65536 characters',
    ],
  },
  delay: {},
  hang: {},
  reset: { code: ERROR_CODE },
  goaway: { code: ERROR_CODE, reason: text(100), lastStream: oneOf(['this', 'previous']) },
  drop: {},
}

/** From code or from the control interface; throws BadInputError. */
export function parseFault(value: unknown, tokenCheck = DEVICE_TOKEN): Fault {
  const fields = requireObject(value, 'a fault')
  const { action } = fields
  if (typeof action !== 'string' || !Object.hasOwn(ACTION_CHECKS, action)) {
    throw new BadInputError(`action must be one of ${Object.keys(ACTION_CHECKS).join(', ')}`)
  }
  const own = ACTION_CHECKS[action as FaultAction['action']]
  checkFields(fields, { token: tokenCheck, ...TARGET_CHECKS, ...own }, `fault "${action}"`)
  if (action === 'answer' && fields.status === undefined)
    throw new BadInputError('fault "answer" needs a status')
  if (action === 'delay' && fields.delayMs === undefined)
    throw new BadInputError('fault "delay" needs delayMs')
  return { ...fields } as unknown as Fault
}
