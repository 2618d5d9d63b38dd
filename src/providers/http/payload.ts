import { fitNotification } from '../../domain/fit-notification.ts'
import type { Notification } from '../../domain/notification.ts'
import type { Push } from '../provider.ts'

/** Of the notification, as JSON. A receiver that passes it on to a push service has to cut it further. */
export const MAX_NOTIFICATION_BYTES = 8192

/** The JSON text of what is to be shown: the same for all devices of a recipient. */
export function encodeNotification(notification: Notification): string {
  return fitNotification(notification, MAX_NOTIFICATION_BYTES, compile)
}

/** The whole body: for whom, until when, and what. `encoded` is the notification's JSON text. */
export function encodeBody({ deliveryId, registration, expiresAt }: Push, encoded: string): Buffer {
  const { device, app, token, locale } = registration
  const head = JSON.stringify({
    id: deliveryId,
    expiresAt: new Date(expiresAt).toISOString(),
    device: { id: device, app, token, ...(locale === undefined ? {} : { locale }) },
  })
  return Buffer.from(`${head.slice(0, -1)},"notification":${encoded}}`)
}

function compile({ title, body, threadId, collapseId, badge, chat }: Notification): string {
  return JSON.stringify({ title, body, threadId, collapseId, badge, chat })
}
