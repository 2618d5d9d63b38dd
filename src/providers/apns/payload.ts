import { hash } from 'node:crypto'
import apn from 'apn'
import type { ChatData, Notification } from '../../domain/notification.ts'
import { cutText, jsonCost } from '../../domain/text.ts'

/** Bytes of the JSON body that Apple takes for an alert (PAYLOAD page). */
export const MAX_PAYLOAD_BYTES = 4096
const MAX_TITLE_BYTES = 256
const MAX_THREAD_ID_BYTES = 128
/** Left to the text before facts that only the app reads are dropped in its favour. */
const LEAST_TEXT_BYTES = 512
/** What goes first when names are so long that no text would fit; the relay's own id stays. */
const DISPENSABLE = ['room', 'stanzaId', 'to', 'from'] as const satisfies readonly (keyof ChatData)[]

/**
 * The JSON body for a notification, at most 4096 bytes. A text that does not fit is cut on a grapheme boundary and ends
 * in `…`. Custom keys stand beside `aps`: inside it Apple ignores them.
 */
export function encodePayload(notification: Notification): Buffer {
  const whole = Buffer.from(compile(notification, notification.body))
  if (whole.length <= MAX_PAYLOAD_BYTES) return whole
  const fixed = withoutText(notification)
  const room = MAX_PAYLOAD_BYTES - Buffer.byteLength(compile(fixed, ''))
  return Buffer.from(compile(fixed, cutText(notification.body, room, jsonCost)))
}

function withoutText(notification: Notification): Notification {
  const { threadId } = notification
  const fixed: Notification = {
    ...notification,
    title: cutText(notification.title, MAX_TITLE_BYTES, jsonCost),
    threadId:
      Buffer.byteLength(threadId) > MAX_THREAD_ID_BYTES ? hash('sha256', threadId, 'base64url') : threadId,
    chat: { ...notification.chat },
  }
  const wanted = Math.min(LEAST_TEXT_BYTES, 2 + Buffer.byteLength(notification.body))
  for (const key of DISPENSABLE) {
    if (Buffer.byteLength(compile(fixed, '')) + wanted <= MAX_PAYLOAD_BYTES) break
    delete fixed.chat[key]
  }
  return fixed
}

function compile(notification: Notification, body: string): string {
  const note = new apn.Notification() as AppleNotification
  note.alert = { title: notification.title, body }
  note.sound = 'default'
  note.mutableContent = true
  note.category = 'chat'
  note.threadId = notification.threadId
  if (notification.badge !== undefined) note.badge = notification.badge
  note.payload = { chat: notification.chat }
  return note.compile()
}

/** The model has these; its type declarations (8.1.0) lack them. */
type AppleNotification = apn.Notification & { category: string; compile(): string }
