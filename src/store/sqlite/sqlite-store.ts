import { dirname } from 'node:path'
import type { Clock } from '../../domain/clock.ts'
import type { Registration } from '../../domain/registration.ts'
import { Availability } from '../shared/availability.ts'
import { toFound } from '../shared/found-registration.ts'
import type { Submit } from '../shared/operations.ts'
import type { Read, Reads } from '../shared/reads.ts'
import { Revisions } from '../shared/revisions.ts'
import { createStoreCalls, toEntryRow } from '../shared/store-calls.ts'
import { WriteQueue } from '../shared/write-queue.ts'
import type { AcceptReceipt, Store } from '../store.ts'
import { StoreUnavailableError } from '../store-unavailable.ts'
import type { ZeropushRegistry } from '../zeropush-registry.ts'
import { FREE_SPACE_FLOOR_BYTES, FreeSpaceWatch, freeBytesIn } from './free-space.ts'
import { IdleCheckpoint } from './idle-checkpoint.ts'
import type { BatchReply, HeldLeases, ReceiptRow, WriterOptions, WriterReady } from './operations.ts'
import type { ReadRequest } from './reader.ts'
import { resolveFile } from './resolve-file.ts'
import type { SqliteStoreEvents } from './store-events.ts'
import { WorkerClient } from './worker-client.ts'

export interface SqliteStoreOptions {
  path: string
  dedupeWindowMs: number
  /** How many recent messages are compared with; about 200 bytes each. */
  maxDedupeEntries?: number
  clock: Clock
  events: SqliteStoreEvents
  /** How long a settle waits for company. */
  settleDelayMs?: number
  /** Free bytes in the file's file system. */
  freeBytes?: () => Promise<number>
}

const DEFAULT_DEDUPE_ENTRIES = 200_000
const SETTLE_DELAY_MS = 50

/** The store in one SQLite file. All disk work happens in two worker threads: one writes, one reads. */
export function createSqliteStore(
  options: SqliteStoreOptions,
): Store & { readonly zeropush: ZeropushRegistry } {
  const parts = createParts(options)
  const { queue, reader, revisions, availability } = parts
  const submit: Submit<ReceiptRow> = operation => {
    availability.assertSound()
    return queue.submit(operation)
  }
  const read: Read = async (name, argument) => {
    const request: ReadRequest = { name, argument }
    return (await reader.request(request)) as ReturnType<Reads[typeof name]>
  }
  return {
    ...createStoreCalls(submit, read),
    open: () => open(parts),
    accept: async entries => {
      availability.assertRoom()
      const receipts = await submit({ kind: 'accept', entries: entries.map(toEntryRow) })
      return receipts.map(toReceipt)
    },
    purge: async (before, limit) => submit({ kind: 'purge', before, limit }),
    isStale: (recipient, revision) => revisions.isStale(recipient, revision),
    registration: async ({ recipient, device, kind, firstVersion }) => {
      // Taken before reading: a change that is heard of meanwhile makes the answer stale, not the other way round.
      const { latest } = revisions
      return toFound(await read('registration', { recipient, device, kind }), firstVersion, latest)
    },
    health: () => availability.health(),
    close: () => close(parts),
  }
}

interface Parts {
  writer: WorkerClient
  reader: WorkerClient
  queue: WriteQueue<BatchReply, ReceiptRow>
  revisions: Revisions
  availability: Availability
  freeSpace: FreeSpaceWatch
  checkpoint: IdleCheckpoint
  closing?: Promise<void>
}

function createParts(options: SqliteStoreOptions): Parts {
  const { clock, events } = options
  const path = resolveFile(options.path)
  const revisions = new Revisions()
  let held: HeldLeases | undefined
  const writer = createWriter(() => ({ ...writerOptions(path, options), held }), clock, {
    onReady: value => {
      const { revision, lease } = value as WriterReady
      revisions.restart(revision)
      held ??= { first: lease, last: lease }
    },
    onDown: cause => {
      events.emit('store.thread-ended', { thread: 'writer', cause })
      availability.failed('io-error')
    },
  })
  const reader = new WorkerClient({
    url: new URL('./reader.ts', import.meta.url),
    workerData: () => path,
    clock,
    onDown: cause => events.emit('store.thread-ended', { thread: 'reader', cause }),
  })
  const checkpoint = new IdleCheckpoint(
    clock,
    async () => (await writer.request({ kind: 'checkpoint' })) === true,
  )
  const queue = new WriteQueue<BatchReply, ReceiptRow>({
    clock,
    settleDelayMs: options.settleDelayMs ?? SETTLE_DELAY_MS,
    commit: async operations => (await writer.request({ kind: 'batch', operations })) as BatchReply,
    onCommitted: (reply, commit) => {
      if (held !== undefined) held.last = reply.lease
      revisions.record(reply.changes)
      availability.committed()
      checkpoint.written()
      events.emit('store.commit', commit)
    },
    onFailed: error => {
      if (error instanceof StoreUnavailableError) availability.failed(error.reason)
    },
  })
  const availability = new Availability({ clock, events, probe: () => queue.submit({ kind: 'probe' }) })
  const freeSpace = new FreeSpaceWatch({
    clock,
    floorBytes: FREE_SPACE_FLOOR_BYTES,
    freeBytes: options.freeBytes ?? (() => freeBytesIn(dirname(path))),
    onChange: isLow => availability.setSpaceLow(isLow),
  })
  return { writer, reader, queue, revisions, availability, freeSpace, checkpoint }
}

function writerOptions(
  path: string,
  { dedupeWindowMs, maxDedupeEntries = DEFAULT_DEDUPE_ENTRIES, clock }: SqliteStoreOptions,
): WriterOptions {
  return { path, dedupeWindowMs, maxDedupeEntries, now: clock.now() }
}

function createWriter(
  workerData: () => WriterOptions,
  clock: Clock,
  hooks: { onReady: (value: unknown) => void; onDown: (cause: string) => void },
): WorkerClient {
  return new WorkerClient({
    url: new URL('./writer.ts', import.meta.url),
    workerData,
    clock,
    ...hooks,
  })
}

async function open({ writer, reader, freeSpace }: Parts): Promise<void> {
  try {
    await writer.start()
    await reader.start()
  } catch (error) {
    await reader.close({ name: 'close', argument: undefined } satisfies ReadRequest)
    await writer.close({ kind: 'close' })
    throw error
  }
  await freeSpace.start()
}

function close(parts: Parts): Promise<void> {
  parts.closing ??= closeParts(parts)
  return parts.closing
}

// The reader goes first: while it is there, the log cannot be cut.
async function closeParts({
  writer,
  reader,
  queue,
  availability,
  freeSpace,
  checkpoint,
}: Parts): Promise<void> {
  freeSpace.stop()
  await queue.close()
  availability.close()
  checkpoint.stop()
  await reader.close({ name: 'close', argument: undefined } satisfies ReadRequest)
  await writer.close({ kind: 'close' })
}

function toReceipt(receipt: ReceiptRow): AcceptReceipt {
  if (receipt.status !== 'queued') return receipt
  return { ...receipt, registrations: JSON.parse(receipt.registrations) as Registration[] }
}
