import { type DirectContent, directBytes } from './direct-content.ts'

export const MESSAGE_TYPES = ['chat', 'groupchat', 'normal'] as const
export type MessageType = (typeof MESSAGE_TYPES)[number]

/** Why a message caused no push although it was valid. */
export const IGNORE_REASONS = ['empty-body', 'no-device', 'headline', 'error'] as const
export type IgnoreReason = (typeof IGNORE_REASONS)[number]

/** Longest text that is kept, in UTF-8 bytes; no notification shows more. */
export const MAX_BODY_BYTES = 8 * 1024
/** Longest optional field that is kept, in UTF-8 bytes. */
export const MAX_FIELD_BYTES = 1024

/**
 * A stanza that ejabberd handed over because nobody was online, after its dialect was parsed and its JIDs were
 * normalised. `recipient` and `sender` are bare. `body` is secret and is erased when no attempt can follow.
 */
export interface OfflineMessage {
  recipient: string
  sender: string
  /** As sent; `headline` and `error` never become a push. */
  type: MessageType | 'headline' | 'error'
  /** At most MAX_BODY_BYTES of UTF-8; undefined where the dialect omits it or there is none. */
  body?: string
  /** The body is a fallback for encrypted content, or there is no body because it is encrypted. */
  encrypted: boolean
  /** The dialect leaves the text out on purpose, so that its absence means nothing. */
  bodyOmitted: boolean
  stanzaId?: string
  nick?: string
  /** Room JID, as given. */
  room?: string
  thread?: string
  unread?: number
  /** Instant at which the sender's server saw it. */
  sentAt?: number
  /** What was coerced, cut or dropped on the way in: shown in the trace. Never holds a value. */
  notes: readonly string[]
}

/** What is stored of a message to build its notification. All of it is erased together, when no attempt can follow. */
export interface MessageContent extends Omit<OfflineMessage, 'type' | 'bodyOmitted' | 'notes'> {
  type: MessageType
  /** It is no chat message, but what somebody wants phones to show. */
  direct?: DirectContent
}

/** What a message occupies in memory besides its fixed parts. */
export function contentBytes({ body, direct }: Pick<MessageContent, 'body' | 'direct'>): number {
  return (body === undefined ? 0 : Buffer.byteLength(body)) + directBytes(direct)
}

export const MESSAGE_STATES = [
  'pending',
  'accepted',
  'partial',
  'dead',
  'expired',
  'unreachable',
  'ignored',
] as const
export type MessageState = (typeof MESSAGE_STATES)[number]
