import { hash } from 'node:crypto'
import type { Clock } from '../domain/clock.ts'
import { newMessageId } from '../domain/message-id.ts'
import type { IgnoreReason, MessageContent, OfflineMessage } from '../domain/offline-message.ts'
import type { AcceptEntry, AcceptReceipt, QueuedMessage, Store } from '../store/store.ts'
import type { Events } from '../telemetry/events.ts'

/** Where accepted messages go on: the dispatcher. */
export interface HandOff {
  /** Asks for room for messages with so many bytes of text in all; true reserves it until `take` or `giveBack`. */
  reserve(messages: number, bytes: number): boolean
  giveBack(messages: number, bytes: number): void
  /** Takes a committed message from memory; its reservation becomes its own. */
  take(message: QueuedMessage, receipt: AcceptReceipt & { status: 'queued' }): void
  /** Messages were committed unleased and wait in the outbox. */
  wake(): void
}

export type AcceptResult =
  | { id: string; status: 'queued' | 'duplicate' }
  | { id: string; status: 'ignored'; reason: IgnoreReason }

export type AcceptOfflineMessages = (messages: readonly OfflineMessage[]) => Promise<AcceptResult[]>

export interface IntakeDependencies {
  store: Pick<Store, 'accept'>
  handOff: HandOff
  events: Events
  clock: Clock
  messageTtlMs: number
}

/**
 * The door to the outbox for messages that are already valid. Resolves after the commit, with a result per message in
 * order; rejects with StoreUnavailableError when nothing was accepted. Being busy is no reason to refuse: without room
 * in memory the messages are committed unleased and wait.
 */
export function createAcceptOfflineMessages(deps: IntakeDependencies): AcceptOfflineMessages {
  return async messages => {
    const startedAt = deps.clock.monotonic()
    const entries = toEntries(messages, deps)
    const queued = entries.filter(entry => entry.content !== undefined)
    const bytes = queued.reduce((sum, entry) => sum + textBytes(entry.content), 0)
    const leased = deps.handOff.reserve(queued.length, bytes)
    for (const entry of queued) entry.leased = leased
    const receipts = await deps.store.accept(entries).catch(error => {
      if (leased) deps.handOff.giveBack(queued.length, bytes)
      throw error
    })
    handOn(entries, receipts, deps)
    const durationMs = deps.clock.monotonic() - startedAt
    return receipts.map(receipt => report(receipt, durationMs, deps.events))
  }
}

/** What a message occupies in memory besides its fixed parts. */
export function textBytes(content: MessageContent | undefined): number {
  return content?.body === undefined ? 0 : Buffer.byteLength(content.body)
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

function handOn(
  entries: readonly AcceptEntry[],
  receipts: readonly AcceptReceipt[],
  deps: IntakeDependencies,
): void {
  let unleased = false
  for (const [index, receipt] of receipts.entries()) {
    const entry = entries[index]
    if (entry?.content === undefined) continue
    if (receipt.status === 'queued' && receipt.leased) {
      const { id, receivedAt, expiresAt, content } = entry
      deps.handOff.take({ id, receivedAt, expiresAt, content }, receipt)
    } else if (entry.leased) deps.handOff.giveBack(1, textBytes(entry.content))
    else unleased ||= receipt.status === 'queued'
  }
  if (unleased) deps.handOff.wake()
}

function report(receipt: AcceptReceipt, durationMs: number, events: Events): AcceptResult {
  events.emit('message.accepted', {
    messageId: receipt.id,
    status: receipt.status,
    reason: receipt.status === 'ignored' ? receipt.reason : undefined,
    durationMs,
    leased: receipt.status === 'queued' && receipt.leased,
  })
  if (receipt.status === 'ignored') return { id: receipt.id, status: 'ignored', reason: receipt.reason }
  return { id: receipt.id, status: receipt.status }
}
