import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { checkStore } from '../../../src/store/sqlite/check-store.ts'
import { SCOPE, T0 } from '../../contract/store/fixtures.ts'
import { openStore, temporaryDirectory } from './support.ts'

/** Lets a process write until it has acknowledged so many messages, and kills it in the middle of the next ones. */
async function writeAndKill(path: string, acknowledgements: number): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'writing-child.ts'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const acknowledged: string[] = []
  for await (const line of createInterface(child.stdout)) {
    acknowledged.push(line)
    if (acknowledged.length === acknowledgements) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  assert.equal(child.signalCode, 'SIGKILL')
  return acknowledged
}

async function assertComplete(t: TestContext, path: string, acknowledged: readonly string[]): Promise<void> {
  assert((await checkStore(path)).ok)
  const { store } = await openStore(t, { path })
  const found = await Promise.all(acknowledged.map(id => store.message(id.slice(2))))
  for (const [index, trace] of found.entries()) {
    const isSettled = /^[sl] /.test(acknowledged[index] ?? '')
    const state = isSettled ? 'accepted' : trace?.state
    assert.equal(trace?.state, state, acknowledged[index])
    assert.notEqual(trace, undefined)
  }
  const unbegun = await store.claimMessages(100_000)
  const waiting = await store.claimDeliveries(SCOPE, T0, 100_000)
  const pending = new Set([...unbegun, ...waiting].map(({ message }) => message.id))
  assert.equal(pending.size, unbegun.length + waiting.length, 'nothing is to be done twice')
  for (const trace of found) {
    assert.equal(
      pending.has(trace?.id ?? ''),
      trace?.state === 'pending',
      'what is unsettled is in the outbox',
    )
  }
  await store.close()
}

test('kill -9 in the middle of writing loses nothing that was acknowledged', async t => {
  const path = join(await temporaryDirectory(t), 'relay.db')
  const acknowledged: string[] = []
  for (const count of [1, 300, 1111]) {
    acknowledged.push(...(await writeAndKill(path, count)))
    await assertComplete(t, path, acknowledged)
  }
  for (const kind of 'awsl')
    assert(
      acknowledged.some(line => line.startsWith(kind)),
      `none of kind ${kind}`,
    )
})

test('after a restart of the writer thread, another program that closes the file takes no log away', async t => {
  const path = join(await temporaryDirectory(t), 'relay.db')
  const child = spawnSync(process.execPath, [join(import.meta.dirname, 'outside-child.ts'), path], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  assert.equal(child.signal, 'SIGKILL')
  const { ids, isLocked } = JSON.parse(child.stdout) as { ids: string[]; isLocked?: boolean }
  // Asked for because SQLite 3.51 and later, as the other program, notices locks that got lost; earlier ones do not.
  assert.notEqual(isLocked, false, 'the locks are still there')
  assert.equal(ids.length, 5)
  const { store } = await openStore(t, { path })
  for (const id of ids) assert.equal((await store.message(id))?.state, 'pending', 'acknowledged, and lost')
})
