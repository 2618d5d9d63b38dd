import type { Notification } from '../../domain/notification.ts'
import { cutText } from '../../domain/text.ts'

/** In bytes of UTF-8, before they are percent-encoded (https://www.prowlapp.com/api.php). */
const MOST_BYTES = { event: 1024, description: 10_000, url: 512 }
/** Prowl shows it as the origin, and lets its user set sounds and quiet hours by it: so it is always the same. */
const APPLICATION = 'Chat'
const NORMAL_PRIORITY = '0'

/** The parameters of `add` beside the key, percent-encoded: a text can neither end its parameter nor add another one. */
export function encodeParameters(notification: Notification): string {
  const { title, body, chat } = notification
  const description = cutText(body, MOST_BYTES.description)
  // One of the two must be there.
  const event = `${title}${body}`.trim() === '' ? APPLICATION : cutText(title, MOST_BYTES.event)
  const url = senderUrl(chat.from)
  const parameters = new URLSearchParams({ application: APPLICATION, priority: NORMAL_PRIORITY })
  if (event !== '') parameters.set('event', event)
  if (description !== '') parameters.set('description', description)
  if (url !== undefined) parameters.set('url', url)
  return parameters.toString()
}

/** RFC 5122 §2.2. Absent when the sender is hidden, or so long that it would have to be cut: then it named somebody else. */
function senderUrl(jid: string | undefined): string | undefined {
  if (jid === undefined) return undefined
  const url = `xmpp:${jid.split('@').map(encodeURIComponent).join('@')}`
  return Buffer.byteLength(url) <= MOST_BYTES.url ? url : undefined
}
