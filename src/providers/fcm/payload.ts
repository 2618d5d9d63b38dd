import { hash } from 'node:crypto'
import { fitNotification } from '../../domain/fit-notification.ts'
import type { Notification } from '../../domain/notification.ts'

/**
 * Who draws. `notification`: Android does, while the app sleeps. `data`: the app is woken for every message and draws
 * itself, as one that decrypts, groups or lets its user answer must.
 */
export const PAYLOADS = ['notification', 'data'] as const
export type PayloadKind = (typeof PAYLOADS)[number]

/**
 * Google counts keys and values, not the JSON around them, and names only data and notification ("FCM error codes",
 * INVALID_ARGUMENT). What else it counts is not known, and a message that is too big is lost: so the whole of this text,
 * which is always more, keeps to the limit.
 */
export const MAX_PAYLOAD_BYTES = 4096
/** "Setting the lifespan of a message": 28 days. */
const LONGEST_TTL_S = 2_419_200
const COLLAPSE_KEY_LENGTH = 22

/** The message as JSON text, from behind its token and time to live: the same for all devices of a recipient. */
export type EncodedPayload = string

export function encodePayload(notification: Notification, kind: PayloadKind): EncodedPayload {
  const collapseKey = collapseKeyOf(notification)
  return fitNotification(notification, MAX_PAYLOAD_BYTES, shown =>
    kind === 'data' ? forApp(shown) : forAndroid(shown, collapseKey),
  )
}

/** The body of the request that brings a payload to one device. */
export function encodeRequest(token: string, ttlSeconds: number, payload: EncodedPayload): Buffer {
  const target = JSON.stringify(token)
  return Buffer.from(`{"message":{"token":${target},"android":{"ttl":"${ttlSeconds}s",${payload}}`)
}

/** Whole seconds, as the message's duration. 0 means now or never. */
export function timeToLive(expiresAt: number, now: number): number {
  return Math.min(Math.max(Math.floor((expiresAt - now) / 1000), 0), LONGEST_TTL_S)
}

function forAndroid(shown: Notification, collapseKey: string): EncodedPayload {
  const { title, body, collapseId, badge } = shown
  const android = {
    priority: 'HIGH',
    collapse_key: collapseKey,
    notification: {
      // A notification with the same tag takes its place, so that a message that is sent twice is shown once.
      tag: collapseId,
      sound: 'default',
      ...(badge === undefined ? {} : { notification_count: badge }),
    },
  }
  return `${afterBrace(android)},${afterBrace({ notification: { title, body }, data: facts(shown) })}`
}

function forApp(shown: Notification): EncodedPayload {
  const { title, body, collapseId, badge } = shown
  const count = badge === undefined ? {} : { badge: String(badge) }
  const data = { title, body, collapseId, ...count, ...facts(shown) }
  return `${afterBrace({ priority: 'HIGH' })},${afterBrace({ data })}`
}

/** Values are texts only. `from`, and all that begins with `google` or `gcm`, is Google's (projects.messages, `data`). */
function facts({ threadId, chat }: Notification): Record<string, string> {
  return { threadId, chat: JSON.stringify(chat) }
}

/** The fields of an object, to be written after others. */
export function afterBrace(fields: object): string {
  return JSON.stringify(fields).slice(1)
}

/**
 * While a phone is off, Google keeps one notification for each collapse key and of four keys at most, any four
 * ("Collapsible messages"). Without a key there is one for the whole app; with a key for each message four of all messages
 * would be left, at random. So it is the conversation: the last word of each of them. An app that wants every message asks
 * for `data`: without a key, a hundred of those are kept, and then the app is told to fetch what it missed.
 */
function collapseKeyOf({ threadId }: Notification): string {
  return hash('sha256', threadId, 'base64url').slice(0, COLLAPSE_KEY_LENGTH)
}
