import { hash } from 'node:crypto'
import { fitNotification } from '../../domain/fit-notification.ts'
import type { Notification } from '../../domain/notification.ts'

/** JSON for the service worker, at most `maxBytes` long; docs/providers/webpush.md says what to do with it. */
export function encodePayload(notification: Notification, maxBytes: number): Buffer {
  return Buffer.from(fitNotification(notification, maxBytes, compile))
}

/** `tag` is what showNotification calls it: a later notification with the same one takes its place. */
function compile({ title, body, collapseId, threadId, badge, chat }: Notification): string {
  return JSON.stringify({ title, body, tag: collapseId, threadId, badge, chat })
}

/**
 * `Topic` replaces what still waits for the same browser (RFC 8030 §5.4): a repeat of this very notification. At most 32
 * characters of base64url; hexadecimal, since Mozilla's documentation speaks of letters and digits only.
 */
export function topicOf({ collapseId }: Notification): string {
  return hash('sha256', collapseId).slice(0, 32)
}
