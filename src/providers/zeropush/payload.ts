import { fitNotification } from '../../domain/fit-notification.ts'
import type { Notification } from '../../domain/notification.ts'

/**
 * Bytes of what the server will make of it for Apple. 2048 is what the interface took that ZeroPush spoke with Apple, half of
 * what the present one takes; the screen of no phone shows more. It leaves room for a server that writes more bytes than we
 * do, as one that escapes whatever is not ASCII.
 */
const MAX_PAYLOAD_BYTES = 2048
/** `"aps":{},`, which the server puts around, what stands between title and text, and a dictionary in the place of a text. */
const ADDED_BYTES = 20

/** The fields of `/notify` that are the same for every device, as JSON. */
export function encodeFields(notification: Notification): string {
  return fitNotification(notification, MAX_PAYLOAD_BYTES - ADDED_BYTES, compile)
}

function compile({ title, body, badge, chat }: Notification): string {
  return JSON.stringify({
    alert: asAlert(alertOf(title, body)),
    sound: 'default',
    category: 'chat',
    ...(badge === undefined ? {} : { badge }),
    info: { chat },
  })
}

/** One text, because the API's dictionary knows a `body` and keys for translations, but no title. */
function alertOf(title: string, body: string): string {
  if (body === '') return title
  return title === '' ? body : `${title}: ${body}`
}

/** In a form a dictionary is JSON in a text, so a server may take a text for one: what begins like it says what it is. */
function asAlert(text: string): string | { body: string } {
  return /^\s*\{/.test(text) ? { body: text } : text
}
