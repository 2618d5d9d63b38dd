import type { CustomData, DirectParts } from '../../domain/direct-content.ts'
import { fitNotification } from '../../domain/fit-notification.ts'
import type { Notification } from '../../domain/notification.ts'
import { afterBrace, type EncodedPayload, MAX_PAYLOAD_BYTES, type PayloadKind } from './payload.ts'

/** Google's own (projects.messages, `data`); one of them would cost the message. */
const RESERVED = /^(?:from$|message_type$|google|gcm)/

/**
 * What a caller said in so many words, as apps of the ZeroPush API expect it: who was given `data` gets that and nothing
 * else, and draws; a text alone is drawn by Android, or by an app that always draws.
 */
export function encodeDirect(
  notification: Notification,
  direct: DirectParts,
  kind: PayloadKind,
): EncodedPayload {
  const data = textsOf(notification.custom ?? {})
  // JSON within JSON: up to twice as long as what Google counts, which would be at the cost of the text.
  const mostBytes = MAX_PAYLOAD_BYTES + uncountedBytes(data)
  return fitNotification(notification, mostBytes, shown => encode(shown, { direct, data, kind }))
}

interface Given {
  direct: DirectParts
  data: Record<string, string>
  kind: PayloadKind
}

function encode(shown: Notification, { direct, data, kind }: Given): EncodedPayload {
  if (direct.isForApp) return forApp(shown, direct, data)
  const isDrawn = direct.hasBody || shown.title !== ''
  if (kind === 'data' || !isDrawn) return forApp(shown, direct, { ...saidOf(shown, direct), ...data })
  return forAndroid(shown, direct, data)
}

function forApp(shown: Notification, direct: DirectParts, data: Record<string, string>): EncodedPayload {
  // Google slows down apps that are woken urgently and show nothing ("Setting and managing message priority").
  const android = { priority: direct.isSilent ? 'NORMAL' : 'HIGH', ...collapseKeyOf(shown) }
  // Google takes a message without anything in it, and no app hears of it.
  const content = Object.keys(data).length === 0 ? { content_available: 'true' } : data
  return `${afterBrace(android)},${afterBrace({ data: content })}`
}

function forAndroid(shown: Notification, direct: DirectParts, data: Record<string, string>): EncodedPayload {
  const { title, body, collapseId, badge } = shown
  const android = {
    priority: 'HIGH',
    ...collapseKeyOf(shown),
    notification: {
      // A notification with the same tag takes its place, so that a message that is sent twice is shown once.
      tag: collapseId,
      ...(direct.sound === undefined ? {} : { sound: direct.sound }),
      ...(badge === undefined ? {} : { notification_count: badge }),
    },
  }
  const notification = { ...(title === '' ? {} : { title }), ...(direct.hasBody ? { body } : {}) }
  return `${afterBrace(android)},${afterBrace({ notification, data })}`
}

/** Under the names that the caller used. */
function saidOf({ title, body, badge }: Notification, direct: DirectParts): Record<string, string> {
  return {
    ...(title === '' ? {} : { title }),
    ...(direct.hasBody ? { alert: body } : {}),
    ...(badge === undefined ? {} : { badge: String(badge) }),
    ...(direct.sound === undefined ? {} : { sound: direct.sound }),
  }
}

/** Values are texts only. */
function textsOf(custom: CustomData): Record<string, string> {
  return Object.fromEntries(
    Object.entries(custom)
      .filter(([key]) => !RESERVED.test(key))
      .map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
}

/** Only the caller's own: while a phone is off, all messages with one key are one. */
function collapseKeyOf({ collapseId, chat }: Notification): { collapse_key?: string } {
  return collapseId === chat.id ? {} : { collapse_key: collapseId }
}

function uncountedBytes(data: Record<string, string>): number {
  return Buffer.byteLength(JSON.stringify(data)) - Buffer.byteLength(Object.entries(data).flat().join(''))
}
