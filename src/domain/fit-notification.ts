import { hash } from 'node:crypto'
import type { ChatData, Notification } from './notification.ts'
import { cutText, jsonCost } from './text.ts'

const MAX_TITLE_BYTES = 256
const MAX_THREAD_ID_BYTES = 128
/** Left to the text before facts that only the app reads are dropped in its favour. */
const LEAST_TEXT_BYTES = 512
/** What goes first when names are so long that no text would fit; the relay's own id stays. */
const DISPENSABLE = ['room', 'stanzaId', 'to', 'from'] as const satisfies readonly (keyof ChatData)[]

/**
 * The JSON text that `compile` makes of a notification, in at most `maxBytes` of UTF-8. A text that does not fit is cut on
 * a grapheme boundary and ends in `…`. `compile` must write the body once, as JSON.stringify does.
 */
export function fitNotification(
  notification: Notification,
  maxBytes: number,
  compile: (notification: Notification) => string,
): string {
  const whole = compile(notification)
  if (Buffer.byteLength(whole) <= maxBytes) return whole
  const spaceFor = (shown: Notification) => maxBytes - Buffer.byteLength(compile({ ...shown, body: '' }))
  const fixed = withoutText(notification, spaceFor)
  return compile({ ...fixed, body: cutText(notification.body, spaceFor(fixed), jsonCost) })
}

function withoutText(notification: Notification, spaceFor: (shown: Notification) => number): Notification {
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
    if (spaceFor(fixed) >= wanted) break
    delete fixed.chat[key]
  }
  return fixed
}
