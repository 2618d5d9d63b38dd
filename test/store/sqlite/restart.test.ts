import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { systemClock } from '../../../src/domain/clock.ts'
import type { Events } from '../../../src/telemetry/events.ts'
import {
  accepted,
  entry,
  idAt,
  record,
  registered,
  SCOPE,
  settlement,
  T0,
  waitingMessage,
} from '../../contract/store/fixtures.ts'
import { type OpenedStore, openStore, temporaryDirectory } from './support.ts'
import { collectWorkers } from './workers.ts'

/** A store whose waits of a second are over at once, and its writer thread. */
async function openWithWriter(t: TestContext): Promise<OpenedStore & { writer: Worker }> {
  const workers = collectWorkers()
  const after: typeof systemClock.after = (delayMs, callback) =>
    systemClock.after(delayMs < 1000 ? delayMs : 10, callback)
  const path = join(await temporaryDirectory(t), 'relay.db')
  const opened = await openStore(t, { path, clock: { ...systemClock, after } })
  const [writer] = workers
  assert(writer)
  return { ...opened, writer }
}

function recovery(events: Events): Promise<void> {
  return new Promise(resolve => {
    events.on('store.recovered', () => resolve())
  })
}

test('a process that gets another writer thread keeps the leases it knows of', async t => {
  const { store, events, writer } = await openWithWriter(t)
  const phone = await registered(store)
  const { id, revision } = await accepted(store)
  const waiting = await waitingMessage(store)
  await store.claimDeliveries(SCOPE, T0 + 1000, 10)
  const recovered = recovery(events)
  await writer.terminate()
  await recovered
  assert.equal(store.isStale('anybody', revision), true)
  assert.deepEqual(await store.claimMessages(10), [], 'it is being worked on')
  assert.deepEqual(await store.claimDeliveries(SCOPE, T0 + 1000, 10), [])
  assert.equal(await store.settle(settlement(id, [{ record: record(id, phone) }])), 'accepted')
  const later = settlement(waiting.id, [{ record: record(waiting.id, phone) }], { round: 'later' })
  assert.equal(await store.settle(later), 'accepted')
  const next = await registered(store, { token: 'cc33' })
  assert(next.version > phone.version, 'no version is used twice')
})

test('each thread that ends is told of; without its reader the store can still be written', async t => {
  const workers = collectWorkers()
  const { store, events } = await openWithWriter(t)
  const heard: unknown[] = []
  events.on('store.unavailable', event => heard.push(event))
  const ended = new Promise<unknown>(resolve => {
    events.on('store.thread-ended', resolve)
  })
  await workers[1]?.terminate()
  assert.deepEqual(await ended, { thread: 'reader', cause: 'exit' })
  await registered(store)
  await accepted(store)
  assert.deepEqual(heard, [])
})

test('what a dying writer leased without telling anybody can be claimed', async t => {
  const { store, events, writer } = await openWithWriter(t)
  await registered(store)
  const waiting = await waitingMessage(store)
  const known = await accepted(store)
  const recovered = recovery(events)
  const lost = entry({ dedupeKey: 'k', receivedAt: systemClock.now() })
  // The thread commits the batch, and its reply is never received.
  const { postMessage } = writer
  writer.postMessage = (...args) => {
    postMessage.apply(writer, args)
    writer.removeAllListeners('message')
    writer.once('message', () => void writer.terminate())
  }
  const calls = [store.accept([lost]), store.claimDeliveries(SCOPE, T0 + 1000, 10)]
  for (const call of await Promise.allSettled(calls)) assert.equal(call.status, 'rejected')
  await recovered
  const [again] = await store.accept([{ ...lost, id: idAt(lost.receivedAt) }])
  assert.deepEqual(again, { status: 'duplicate', id: lost.id })
  const claimed = await store.claimMessages(10)
  assert.deepEqual(
    claimed.map(({ message }) => message.id),
    [lost.id],
    `not ${known.id}`,
  )
  const [delivery] = await store.claimDeliveries(SCOPE, T0 + 1000, 10)
  assert.equal(delivery?.message.id, waiting.id)
})
