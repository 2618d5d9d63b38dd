import { hash } from 'node:crypto'
import { newMessageId } from '../domain/message-id.ts'
import type { IgnoreReason, MessageContent, OfflineMessage } from '../domain/offline-message.ts'
import type { AcceptEntry, AcceptReceipt } from '../store/store.ts'
import { type CommitDependencies, createCommitEntries } from './commit-entries.ts'

export type AcceptResult =
  | { id: string; status: 'queued' | 'duplicate' }
  | { id: string; status: 'ignored'; reason: IgnoreReason }

export type AcceptOfflineMessages = (messages: readonly OfflineMessage[]) => Promise<AcceptResult[]>

export interface IntakeDependencies extends CommitDependencies {
  messageTtlMs: number
}

/**
 * The door to the outbox for messages that are already valid. Resolves after the commit, with a result per message in
 * order; rejects with StoreUnavailableError when nothing was accepted.
 */
export function createAcceptOfflineMessages(deps: IntakeDependencies): AcceptOfflineMessages {
  const commit = createCommitEntries(deps)
  return async messages => (await commit(toEntries(messages, deps))).map(toResult)
}

function toEntries(messages: readonly OfflineMessage[], deps: IntakeDependencies): AcceptEntry[] {
  const receivedAt = deps.clock.now()
  return messages.map(message => {
    const ignored = ignoreReason(message)
    const dedupeKey = message.stanzaId === undefined ? undefined : duplicateKey(message)
    return {
      id: newMessageId(),
      recipient: message.recipient,
      sender: message.sender,
      type: message.type,
      ...(dedupeKey === undefined ? {} : { dedupeKey }),
      ...(ignored === undefined ? { content: toContent(message) } : { ignored }),
      notes: message.notes,
      receivedAt,
      expiresAt: receivedAt + deps.messageTtlMs,
      leased: false,
    }
  })
}

/** Chat states, receipts and headlines must never buzz a phone; an encrypted message without a text must. */
function ignoreReason(message: OfflineMessage): IgnoreReason | undefined {
  if (message.type === 'headline' || message.type === 'error') return message.type
  const isBlank = message.body === undefined || message.body.trim() === ''
  if (isBlank && !message.encrypted && !message.bodyOmitted) return 'empty-body'
  return undefined
}

// Ids are chosen by senders, so an id alone proves nothing: the same id with another text is another message.
function duplicateKey(message: OfflineMessage): string {
  const parts = [message.recipient, message.sender, message.stanzaId, message.body ?? '']
  return hash('sha256', JSON.stringify(parts), 'hex').slice(0, 32)
}

function toContent(message: OfflineMessage): MessageContent {
  const { notes: _notes, bodyOmitted: _bodyOmitted, type, body, ...rest } = message
  const isBlank = body === undefined || body.trim() === ''
  return {
    ...rest,
    type: type === 'headline' || type === 'error' ? 'normal' : type,
    ...(isBlank ? {} : { body }),
  }
}

function toResult(receipt: AcceptReceipt): AcceptResult {
  if (receipt.status === 'ignored') return { id: receipt.id, status: 'ignored', reason: receipt.reason }
  return { id: receipt.id, status: receipt.status }
}
