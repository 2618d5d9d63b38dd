import { percentDecoded, strictText } from '../dialects/byte-text.ts'
import type { Fields } from './form.ts'

/**
 * What mod_zeropush of 2013 writes (kevb/mod_zeropush, src/mod_zeropush.erl): these fields in this order, of which only the
 * first two are percent-encoded. Other callers encode the brackets, or have another order.
 */
const FORM =
  /^alert=(?<alert>[^&]*)&badge=%2B1&sound=(?<sound>[^&]*)&channel=(?<channel>[^&]*)&info\[from\]=(?<from>[^&]*)&auth_token=(?<token>[^&]*)$/

/**
 * Undefined: it is not its form. Local parts of JIDs may hold `%`, `+` and `=`: decoded they would be other people's, so that
 * `al%69ce` could write in the name of alice.
 */
export function parseModZeropush(bytes: string): Fields | undefined {
  const { alert = '', sound, channel, from, token } = FORM.exec(bytes)?.groups ?? {}
  const raw = { sound: strictText(sound), channel: strictText(channel), auth_token: strictText(token) }
  const [text, sender] = [strictText(percentDecoded(alert)), strictText(from)]
  if (text === undefined || sender === undefined || Object.values(raw).includes(undefined)) return undefined
  // A text of a chat, which is never to be read as JSON.
  return { ...raw, alert: { body: text }, badge: '+1', info: { from: sender } }
}
