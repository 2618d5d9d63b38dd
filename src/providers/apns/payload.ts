import apn from 'apn'
import type { DirectParts } from '../../domain/direct-content.ts'
import { fitNotification } from '../../domain/fit-notification.ts'
import type { Notification } from '../../domain/notification.ts'

/** Bytes of the JSON body that Apple takes for an alert (PAYLOAD page). */
export const MAX_PAYLOAD_BYTES = 4096

/**
 * The JSON body for a notification, at most 4096 bytes. Custom keys stand beside `aps`: inside it Apple ignores them.
 */
export function encodePayload(notification: Notification): Buffer {
  return Buffer.from(fitNotification(notification, MAX_PAYLOAD_BYTES, compile))
}

function compile(notification: Notification): string {
  const note = new apn.Notification() as AppleNotification
  const { direct } = notification
  if (direct === undefined) fillChat(note, notification)
  else fillDirect(note, notification, direct)
  if (notification.badge !== undefined) note.badge = notification.badge
  return note.compile()
}

function fillChat(note: AppleNotification, notification: Notification): void {
  note.alert = { title: notification.title, body: notification.body }
  note.sound = 'default'
  note.mutableContent = true
  note.category = 'chat'
  note.threadId = notification.threadId
  note.payload = { chat: notification.chat }
}

/** Nothing but what was said: apps of the ZeroPush API expect no more. */
function fillDirect(note: AppleNotification, notification: Notification, direct: DirectParts): void {
  if (direct.hasAlert) note.alert = alertOf(notification, direct)
  if (direct.sound !== undefined) note.sound = direct.sound
  if (direct.category !== undefined) note.category = direct.category
  if (direct.contentAvailable) note.contentAvailable = true
  note.payload = { ...notification.custom }
}

function alertOf({ title, body }: Notification, { alert, hasBody }: DirectParts): AppleNotification['alert'] {
  if (title === '' && Object.keys(alert).length === 0) return body
  // The type wants a body; Apple does not, where a key names the text.
  const fields: object = { ...alert, ...(title === '' ? {} : { title }), ...(hasBody ? { body } : {}) }
  return fields as AppleNotification['alert']
}

/** The model has these; its type declarations (8.1.0) lack them. */
type AppleNotification = apn.Notification & { category: string; compile(): string }
