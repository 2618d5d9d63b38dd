import apn from 'apn'
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
  note.alert = { title: notification.title, body: notification.body }
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
