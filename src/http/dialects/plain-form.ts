import type { MessageDraft } from '../../domain/message-draft.ts'
import { lenientText, strictText } from './byte-text.ts'
import type { ParsedBody } from './dialect.ts'

/** What one of a dialect's expressions found, one character per byte. */
export type Fields = Record<string, string | undefined>

/** A room's message for its absent members: everything before the nick is written by the server. */
export const TO_ROOM =
  /^type=(?<type>[^&]*)&to=(?<room>[^&]*)&from=(?<from>[^&]*)&offline=(?<offline>[^&]*)&nick=(?<rest>.*)$/s

/** The fields that stand before the sender's text in every dialect that has them. */
export function commonFields(fields: Fields, notes: string[]) {
  return {
    type: lenientText('type', fields.type, notes),
    room: lenientText('room', fields.room, notes),
    from: strictText(fields.from),
    isFromServer: fields.from === '',
  }
}

/** One transaction, one answer. */
const MAX_RECIPIENTS = 1000

/**
 * One draft for each absent member that a room message names. Beyond 1000, the first 1000 get theirs and each says so:
 * refusing would lose all of them, as the module does not try again.
 */
export function fanOut(offline: string, separator: string | RegExp, common: MessageDraft): ParsedBody {
  const names = offline.split(separator, MAX_RECIPIENTS + 1).filter(name => name !== '')
  const notes = [...(common.notes ?? []), ...(names.length > MAX_RECIPIENTS ? ['offline cut'] : [])]
  const drafts = names.slice(0, MAX_RECIPIENTS).map(name => ({ ...common, to: strictText(name), notes }))
  return { ok: true, drafts, many: true }
}
