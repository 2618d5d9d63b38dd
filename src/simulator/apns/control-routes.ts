import {
  BadInputError,
  BOOLEAN,
  type Check,
  checkFields,
  DEVICE_TOKEN,
  type Fields,
  integer,
  oneOf,
  requireObject,
  text,
} from '../bad-input.ts'
import type { ControlRoutes } from '../control-server.ts'
import { ERROR_CODES } from '../fault.ts'
import { parseFault } from '../fault-input.ts'
import type { ApnsSimulator } from './apns-simulator.ts'
import type { Phone } from './phones.ts'

const INSTANT = integer(0, Number.MAX_SAFE_INTEGER)
const MAX_STREAMS = 2 ** 31 - 1
const MAX_LISTED = 1000

const GOAWAY_CHECKS: Record<string, Check> = {
  code: oneOf(Object.keys(ERROR_CODES)),
  reason: text(100),
  // Streams that a client opens have odd numbers.
  lastStreamId: [value => integer(1, MAX_STREAMS)[0](value) && (value as number) % 2 === 1, 'an odd integer'],
  double: BOOLEAN,
}

const FACT_CHECKS: Record<string, Check> = {
  environment: text(100),
  topic: text(255),
  unregisteredAt: INSTANT,
  expiredAt: INSTANT,
}

export const APNS_CONTROL: ControlRoutes<ApnsSimulator> = {
  'GET /phones': ({ phones }) => {
    const list = phones.list()
    return { total: list.length, phones: list.slice(-MAX_LISTED) }
  },
  'GET /phones/*': ({ phones }, { argument }) => showPhone(phones.phone(readToken(argument))),
  'DELETE /phones': ({ phones, pushedIds }) => {
    phones.clear()
    pushedIds.clear()
  },
  'PUT /tokens/*': ({ deviceTokens }, { argument, body }) => {
    const facts = requireObject(body, 'the facts about a token')
    checkFields(facts, FACT_CHECKS, 'a token')
    deviceTokens.set(readToken(argument), facts)
  },
  'DELETE /tokens/*': ({ deviceTokens }, { argument }) => deviceTokens.forget(readToken(argument)),
  'GET /ids': ({ pushedIds }) => ({
    distinct: pushedIds.size,
    forgotten: pushedIds.forgotten,
    repeated: Object.fromEntries(pushedIds.repeated().slice(0, MAX_LISTED)),
  }),
  'GET /ids/*': ({ pushedIds }, { argument }) => ({ id: argument, count: pushedIds.count(argument) }),
  'GET /faults': ({ faults }) => ({ faults: faults.list() }),
  'PUT /faults': ({ faults }, { body }) => {
    faults.replace((Array.isArray(body) ? body : [body]).map(fault => parseFault(fault)))
    return { faults: faults.list() }
  },
  'DELETE /faults': ({ faults }) => faults.clear(),
  'POST /goaway': (simulator, { body = {} }) => {
    const options = requireObject(body, 'a goaway')
    checkFields(options, GOAWAY_CHECKS, 'a goaway')
    simulator.goaway(options)
  },
  'POST /drop': simulator => simulator.dropConnections(),
  'POST /refuse': simulator => simulator.refuseConnections(),
  'POST /accept': simulator => simulator.acceptConnections(),
  'PUT /stream-limit': (simulator, { body }) => simulator.setStreamLimit(readLimit(body)),
  'GET /stats': simulator => simulator.stats(),
}

function readToken(argument: string): string {
  if (!DEVICE_TOKEN[0](argument)) throw new BadInputError(`expected ${DEVICE_TOKEN[1]}`)
  return argument.toLowerCase()
}

function readLimit(body: unknown): number {
  const fields: Fields = requireObject(body, 'a stream limit')
  checkFields(fields, { limit: integer(0, MAX_STREAMS) }, 'a stream limit')
  if (fields.limit === undefined) throw new BadInputError('a stream limit needs "limit"')
  return fields.limit as number
}

/** For people: newest first, instants in words. */
function showPhone({ token, received, notifications }: Phone) {
  return {
    token,
    received,
    notifications: notifications.toReversed().map(({ receivedAt, expiration, ...shown }) => ({
      receivedAt: new Date(receivedAt).toISOString(),
      ...shown,
      ...(expiration === undefined ? {} : { expiration: new Date(expiration * 1000).toISOString() }),
    })),
  }
}
