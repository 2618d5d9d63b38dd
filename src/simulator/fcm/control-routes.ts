import { BadInputError, BOOLEAN, checkFields, oneOf, requireObject, text } from '../bad-input.ts'
import type { ControlRoutes } from '../control-server.ts'
import { ERROR_CODES } from '../fault.ts'
import type { FcmSimulator } from './fcm-simulator.ts'
import type { Phone, ReceivedMessage } from './phones.ts'
import { TOKEN_FATES, type TokenFate } from './registration-tokens.ts'

const MAX_LISTED = 1000

/** README.md lists the calls. */
export const FCM_CONTROL: ControlRoutes<FcmSimulator> = {
  'GET /phones': ({ phones }) => {
    const list = phones.list()
    return { total: list.length, phones: list.slice(-MAX_LISTED) }
  },
  'GET /phones/*': ({ phones }, { argument }) => showPhone(phones.phone(readToken(argument))),
  'PUT /phones/*': ({ phones }, { argument, body }) => {
    const { isOff } = readFields(body, { isOff: BOOLEAN }, 'a phone')
    if (isOff === true) phones.switchOff(readToken(argument))
    else phones.switchOn(readToken(argument))
  },
  'DELETE /phones': ({ phones }) => phones.clear(),
  'PUT /tokens/*': ({ registrationTokens }, { argument, body }) => {
    const { fate } = readFields(body, { fate: oneOf(TOKEN_FATES) }, 'a token')
    if (fate === undefined) throw new BadInputError('a token needs a fate')
    registrationTokens.set(readToken(argument), fate as TokenFate)
  },
  'DELETE /tokens/*': ({ registrationTokens }, { argument }) =>
    registrationTokens.forget(readToken(argument)),
  'PUT /quota': (simulator, { body }) => {
    const checks = { isExhausted: BOOLEAN, retryAfter: text(100) }
    const { isExhausted, retryAfter } = readFields(body, checks, 'a quota')
    if (isExhausted === true) simulator.exhaust(retryAfter as string | undefined)
    else simulator.refill()
  },
  'POST /revoke': ({ accessTokens }) => accessTokens.revokeAll(),
  'GET /faults': ({ faults }) => ({ faults: faults.list() }),
  'PUT /faults': ({ faults }, { body }) => {
    // Checked by `replace`, whatever they are.
    faults.replace((Array.isArray(body) ? body : [body]) as Parameters<typeof faults.replace>[0])
    return { faults: faults.list() }
  },
  'DELETE /faults': ({ faults }) => faults.clear(),
  'POST /goaway': (simulator, { body = {} }) => {
    const checks = { code: oneOf(Object.keys(ERROR_CODES)), reason: text(100), double: BOOLEAN }
    simulator.goaway(readFields(body, checks, 'a goaway'))
  },
  'POST /drop': simulator => simulator.dropConnections(),
  'POST /refuse': simulator => simulator.refuseConnections(),
  'POST /accept': simulator => simulator.acceptConnections(),
  'GET /stats': simulator => simulator.stats(),
}

function readFields(body: unknown, checks: Parameters<typeof checkFields>[1], what: string) {
  const fields = requireObject(body, what)
  checkFields(fields, checks, what)
  return fields
}

function readToken(argument: string): string {
  if (!/^[A-Za-z0-9:_-]{1,4096}$/.test(argument)) throw new BadInputError('expected a registration token')
  return argument
}

/** For people: newest first, instants in words. */
function showPhone({ token, received, hasMissed, drawer, messages }: Phone) {
  return {
    token,
    received,
    hasMissed,
    drawer: drawer.toReversed().map(showMessage),
    messages: messages.toReversed().map(showMessage),
  }
}

function showMessage({ sentAt, token: _token, ...shown }: ReceivedMessage) {
  return { sentAt: new Date(sentAt).toISOString(), ...shown }
}
