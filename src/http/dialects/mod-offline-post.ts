import { lenientText, strictText } from './byte-text.ts'
import type { Dialect, ParsedBody } from './dialect.ts'
import { commonFields, type Fields, fanOut, TO_ROOM } from './plain-form.ts'
import { bytesBeforeToken, suffixCredential } from './token-places.ts'

const TO_ONE =
  /^(?:type=(?<type>[^&]*)&)?(?:room_id=(?<room>[^&]*)&)?to=(?<to>[^&]*)&from=(?<from>[^&]*)&body=(?<body>.*)$/s

// Each name is followed by `..`. Of three dots the last two are it, so that `bob.` is not taken for `bob`. A name with two
// dots inside cannot be told from two names: the module leaves that to whoever lets people register such names.
const NAME_END = /\.\.(?!\.)/

/** Its forks (izandromm, Adamhingoro, eeren323): nothing is encoded. */
export const modOfflinePost: Dialect = {
  name: 'mod_offline_post',
  contentTypes: ['application/x-www-form-urlencoded'],
  unprovenBodyBytes: 640 * 1024,
  credential: suffixCredential,
  parse(request) {
    const bytes = bytesBeforeToken(request)
    const toRoom = TO_ROOM.exec(bytes)?.groups
    if (toRoom !== undefined) return parseToRoom(toRoom)
    const toOne = TO_ONE.exec(bytes)?.groups
    if (toOne !== undefined) return parseToOne(toOne)
    return {
      ok: false,
      problem: 'it is not [type], [room_id], to, from, [offline, nick], body, access_token',
    }
  },
}

function parseToOne(fields: Fields): ParsedBody {
  const notes: string[] = []
  const draft = {
    ...commonFields(fields, notes),
    to: strictText(fields.to),
    body: lenientText('body', fields.body, notes),
    notes,
  }
  return { ok: true, drafts: [draft], many: false }
}

/**
 * The nick comes before the body and is chosen by the sender, too. It names nobody, so it can at most claim a part of the
 * same sender's text, or leave a part of itself there. When `&body=` stands there twice nobody can say which; then all
 * of it is text and there is no nick, lest `Boss&body=…` be shown as said by another member whose nick is `Boss`.
 */
function parseToRoom(fields: Fields): ParsedBody {
  const notes: string[] = []
  const [nick = '', ...parts] = (fields.rest ?? '').split('&body=')
  if (parts.length === 0) return { ok: false, problem: 'it has no body after its nick' }
  if (parts.length > 1) notes.push('nick dropped')
  const common = {
    ...commonFields(fields, notes),
    ...(parts.length > 1 ? {} : { nick: lenientText('nick', nick, notes) }),
    body: lenientText('body', parts.join('&body='), notes),
    notes,
  }
  return fanOut(fields.offline ?? '', NAME_END, common)
}
