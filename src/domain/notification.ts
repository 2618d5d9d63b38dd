import { createHmac } from 'node:crypto'
import type { CustomData, DirectContent, DirectParts } from './direct-content.ts'
import { showDirect } from './direct-notification.ts'
import type { MessageContent } from './offline-message.ts'
import type { Preview } from './registration.ts'

/** Provider-neutral content of what a phone shows. Providers turn it into a payload. */
export interface Notification {
  title: string
  body: string
  /** Groups the notifications of a conversation. */
  threadId: string
  /** A later notification with the same id replaces this one. */
  collapseId: string
  badge?: number
  /** For the app, under the key `chat`. */
  chat: ChatData
  /** Set when this is no chat message: then it says what else there is, and neither `chat` nor `threadId` is sent. */
  direct?: DirectParts
  /** Only with `direct`: for the app, under keys of its own. */
  custom?: CustomData
}

export interface ChatData {
  /** The relay's message id. */
  id: string
  stanzaId?: string
  from?: string
  to?: string
  type?: string
  room?: string
}

export interface NotificationSettings {
  /** What a phone shows where its registration does not say. */
  preview: Preview
  /** Shown instead of a text that is hidden or missing. */
  previewText: string
  /** Keys the hashes that stand for JIDs when nothing may be shown; never leaves the relay. */
  hashKey: string
}

/**
 * What a phone shows of a message. `none` reveals neither sender, recipient, room nor text, and its ids cannot be
 * linked to a JID without the key; encrypted content shows at most its sender.
 */
export function buildNotification(
  messageId: string,
  content: MessageContent,
  preview: Preview,
  settings: NotificationSettings,
): Notification {
  const { direct } = content
  if (direct !== undefined) return directNotification(messageId, { ...content, direct }, preview, settings)
  if (preview === 'none') return hiddenNotification(messageId, content, settings)
  const showsText = preview === 'full' && !content.encrypted && content.body !== undefined
  return {
    title: content.nick ?? localPart(content.sender),
    body: showsText ? (content.body ?? '') : settings.previewText,
    threadId: conversation(content),
    collapseId: messageId,
    ...(content.unread === undefined ? {} : { badge: content.unread }),
    chat: {
      id: messageId,
      ...(content.stanzaId === undefined ? {} : { stanzaId: content.stanzaId }),
      from: content.sender,
      to: content.recipient,
      type: content.type,
      ...(content.room === undefined ? {} : { room: content.room }),
    },
  }
}

function directNotification(
  messageId: string,
  content: MessageContent & { direct: DirectContent },
  preview: Preview,
  settings: NotificationSettings,
): Notification {
  const { collapseKey, ...shown } = showDirect(content, preview, settings.previewText)
  return {
    ...shown,
    threadId: content.sender,
    collapseId: collapseKey ?? messageId,
    ...(content.unread === undefined ? {} : { badge: content.unread }),
    chat: { id: messageId },
  }
}

function hiddenNotification(
  messageId: string,
  content: MessageContent,
  settings: NotificationSettings,
): Notification {
  const keyed = (text: string) =>
    createHmac('sha256', settings.hashKey).update(text).digest('base64url').slice(0, 32)
  return {
    title: settings.previewText,
    body: '',
    threadId: keyed(`thread\n${content.recipient}\n${conversation(content)}`),
    collapseId: keyed(`collapse\n${messageId}`),
    ...(content.unread === undefined ? {} : { badge: content.unread }),
    chat: { id: messageId },
  }
}

function conversation(content: MessageContent): string {
  return content.room ?? content.sender
}

function localPart(jid: string): string {
  const at = jid.indexOf('@')
  return at < 0 ? jid : jid.slice(0, at)
}
