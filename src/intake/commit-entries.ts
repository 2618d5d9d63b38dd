import type { Clock } from '../domain/clock.ts'
import { contentBytes, type MessageContent } from '../domain/offline-message.ts'
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

export interface CommitDependencies {
  store: Pick<Store, 'accept'>
  handOff: HandOff
  events: Events
  clock: Clock
}

/**
 * Commits entries in one transaction and hands them on. Resolves with a receipt per entry, in order; rejects with
 * StoreUnavailableError when nothing was accepted. Being busy is no reason to refuse: without room in memory the messages
 * are committed unleased and wait.
 */
export type CommitEntries = (entries: readonly AcceptEntry[]) => Promise<AcceptReceipt[]>

export function createCommitEntries(deps: CommitDependencies): CommitEntries {
  return async entries => {
    const startedAt = deps.clock.monotonic()
    const queued = entries.filter(entry => entry.content !== undefined)
    const bytes = queued.reduce((sum, entry) => sum + bytesOf(entry.content), 0)
    const leased = deps.handOff.reserve(queued.length, bytes)
    for (const entry of queued) entry.leased = leased
    const receipts = await deps.store.accept(entries).catch(error => {
      if (leased) deps.handOff.giveBack(queued.length, bytes)
      throw error
    })
    handOn(entries, receipts, deps)
    const durationMs = deps.clock.monotonic() - startedAt
    for (const receipt of receipts) report(receipt, durationMs, deps.events)
    return receipts
  }
}

function bytesOf(content: MessageContent | undefined): number {
  return content === undefined ? 0 : contentBytes(content)
}

function handOn(
  entries: readonly AcceptEntry[],
  receipts: readonly AcceptReceipt[],
  deps: CommitDependencies,
): void {
  let unleased = false
  for (const [index, receipt] of receipts.entries()) {
    const entry = entries[index]
    if (entry?.content === undefined) continue
    if (receipt.status === 'queued' && receipt.leased) {
      const { id, receivedAt, expiresAt } = entry
      const content = withBadge(entry.content, receipt.badge)
      deps.handOff.take({ id, receivedAt, expiresAt, content }, receipt)
    } else if (entry.leased) deps.handOff.giveBack(1, bytesOf(entry.content))
    else unleased ||= receipt.status === 'queued'
  }
  if (unleased) deps.handOff.wake()
}

/** What the store counted is in the content that it keeps, and here in the one in memory. */
function withBadge(content: MessageContent, badge: number | undefined): MessageContent {
  return badge === undefined ? content : { ...content, unread: badge }
}

function report(receipt: AcceptReceipt, durationMs: number, events: Events): void {
  events.emit('message.accepted', {
    messageId: receipt.id,
    status: receipt.status,
    reason: receipt.status === 'ignored' ? receipt.reason : undefined,
    durationMs,
    leased: receipt.status === 'queued' && receipt.leased,
  })
}
