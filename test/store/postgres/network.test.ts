import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { systemClock } from '../../../src/domain/clock.ts'
import {
  ALICE,
  accepted,
  entry,
  HOUR,
  record,
  registered,
  settlement,
} from '../../contract/store/fixtures.ts'
import { Lines } from '../../support/lines.ts'
import { postgresSkip } from '../../support/postgres-cluster.ts'
import { cleanUp } from '../sqlite/support.ts'
import { makeDatabase, next, openStore, throughProxy } from './support.ts'

describe('PostgreSQL is not heard', { skip: postgresSkip }, () => {
  test('the network swallows everything: refused, everything is stale, and it goes on by itself', async t => {
    const { proxy, url } = await throughProxy(t, await makeDatabase())
    const timeouts = { statementTimeoutMs: 300, heartbeatMs: 200, deadAfterMs: 2_000 }
    const { store, events } = await openStore(t, { url, ...timeouts })
    const phone = await registered(store)
    const { id, revision } = await accepted(store)
    proxy.freeze()
    const lost = next(events, 'store.presence')
    const refused = entry()
    await assert.rejects(store.accept([refused]), { name: 'StoreUnavailableError', reason: 'timeout' })
    await lost
    assert.equal(store.isStale(ALICE, revision), true)
    assert.equal(store.health().writable, false)
    const recovered = next(events, 'store.recovered')
    proxy.thaw()
    await recovered
    assert.deepEqual(store.health(), { writable: true })
    assert.equal(await store.settle(settlement(id, [{ record: record(id, phone) }])), 'accepted')
  })

  test('a machine whose clock is wrong has the wall time of the database', async t => {
    const url = await makeDatabase()
    for (const wrongMs of [-HOUR, HOUR, 24 * HOUR]) {
      const clock = { ...systemClock, now: () => systemClock.now() + wrongMs }
      const { store } = await openStore(t, { url, clock })
      const offMs = Math.abs(store.clock.now() - systemClock.now())
      assert(offMs < 60_000, String(offMs))
      await store.close()
    }
    const { store } = await openStore(t, { url })
    const [before, now, after] = [systemClock.now(), store.clock.now(), systemClock.now()]
    assert(before <= now && now <= after, 'one that is right is left alone')
  })

  test('a process that is stopped for long and goes on has lost its leases, and knows it', async t => {
    const url = await makeDatabase()
    const { store, events } = await openStore(t, { url, heartbeatMs: 100, deadAfterMs: 600 })
    const phone = await registered(store)
    const frozen = new StoppedProcess(url)
    cleanUp(t, () => frozen.end())
    const id = await frozen.said('accepted')
    assert.deepEqual(await store.claimMessages(10), [])
    const freed = next(events, 'store.leases-freed')
    frozen.signal('SIGSTOP')
    await freed
    const [claimed] = await store.claimMessages(10)
    assert.equal(claimed?.message.id, id)
    frozen.signal('SIGCONT')
    assert.equal(await frozen.said('stale'), 'true')
    assert.equal(await frozen.said('settled'), 'undefined')
    assert.equal(await frozen.said('again'), 'accepted')
    assert.equal(await store.settle(settlement(id, [{ record: record(id, phone) }])), 'accepted')
  })
})

/** stopped-child.ts */
class StoppedProcess {
  readonly #child: ChildProcess
  readonly #lines: Lines

  constructor(url: string) {
    const script = join(import.meta.dirname, 'stopped-child.ts')
    this.#child = spawn(process.execPath, [script, url], { stdio: ['ignore', 'pipe', 'inherit'] })
    assert(this.#child.stdout)
    this.#lines = new Lines(this.#child.stdout)
  }

  /** What it says after this word. */
  async said(word: string): Promise<string> {
    return (await this.#lines.waitFor(`${word} `)).slice(word.length + 1)
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }
}
