import { lenientText, strictText } from './byte-text.ts'
import type { Dialect, ParsedBody } from './dialect.ts'
import { commonFields, type Fields, fanOut, TO_ROOM } from './plain-form.ts'
import { headerCredential } from './token-places.ts'

const TO_ONE =
  /^type=(?<type>[^&]*)&to=(?<to>[^&]*)&from=(?<from>[^&]*)&vhost=(?<vhost>[^&]*)&messageId=(?<rest>.*)$/s
const VHOST = /&vhost=([^&]*)&messageId=/g
const BODY = /&stanzaMessageId=\d+&body=/

/** alianp: nothing is encoded, and a lone `&` ends the form. */
export const modOfflineHttpPostNotify: Dialect = {
  name: 'mod_offline_http_post_notify',
  contentTypes: ['application/x-www-form-urlencoded'],
  credential: headerCredential,
  parse({ raw }) {
    const bytes = raw.toString('latin1')
    const toRoom = TO_ROOM.exec(bytes)?.groups
    if (toRoom !== undefined) return parseToRoom(toRoom)
    const toOne = TO_ONE.exec(bytes)?.groups
    return toOne === undefined ? UNREADABLE : parseToOne(toOne)
  },
}

const UNREADABLE: ParsedBody = {
  ok: false,
  problem: 'it is not type, to, from, [offline, nick], vhost, messageId, stanzaMessageId, body',
}

function parseToOne(fields: Fields): ParsedBody {
  const notes: string[] = []
  const text = readText(fields.rest ?? '', notes)
  if (text === undefined) return UNREADABLE
  const common = commonFields(fields, notes)
  const draft = {
    ...common,
    ...text,
    to: strictText(fields.to),
    vhost: strictText(fields.vhost),
    notes,
  }
  return { ok: true, drafts: [draft], many: false }
}

/**
 * Here the nick, which the sender chose, comes before the vhost, which completes the recipients. A nick such as
 * `x&vhost=other.org&messageId=…` must not move them to another domain, and neither may the text or the id, where the same
 * can stand. So all that could be the vhost must be equal, or nobody can say who is meant. If it stands there more than
 * once, the nick may be forged (`Boss&vhost=…`) and is dropped.
 */
function parseToRoom(fields: Fields): ParsedBody {
  const rest = fields.rest ?? ''
  const [first, ...others] = rest.matchAll(VHOST)
  if (first === undefined) return UNREADABLE
  if (others.some(other => other[1] !== first[1])) {
    return { ok: false, problem: 'more than one vhost could be meant' }
  }
  const notes = others.length > 0 ? ['nick dropped'] : []
  const text = readText(rest.slice(first.index + first[0].length), notes)
  if (text === undefined) return UNREADABLE
  const nick = others.length > 0 ? undefined : lenientText('nick', rest.slice(0, first.index), notes)
  const common = { ...commonFields(fields, notes), ...text, nick, vhost: strictText(first[1]), notes }
  return fanOut(fields.offline ?? '', '|', common)
}

/** The id ends at the first thing that looks like the archive's id and the body's key; the rest is text. */
function readText(rest: string, notes: string[]) {
  const key = BODY.exec(rest)
  if (key === null) return undefined
  const body = rest.slice(key.index + key[0].length)
  return {
    id: lenientText('id', rest.slice(0, key.index), notes),
    body: lenientText('body', body.endsWith('&') ? body.slice(0, -1) : body, notes),
  }
}
