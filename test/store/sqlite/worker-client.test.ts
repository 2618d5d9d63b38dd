import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WorkerClient } from '../../../src/store/sqlite/worker-client.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { cleanUp } from './support.ts'

const url = new URL('./dying-worker.ts', import.meta.url)

test('a worker that dies fails what it was asked and is started again a second later', async t => {
  const clock = new FakeClock()
  const ready: unknown[] = []
  let starts = 0
  const downs: string[] = []
  const restarted = Promise.withResolvers<void>()
  const client = new WorkerClient({
    url,
    workerData: () => ({ start: ++starts }),
    clock,
    onReady: value => {
      ready.push(value)
      if (ready.length === 2) restarted.resolve()
    },
    onDown: cause => downs.push(cause),
  })
  cleanUp(t, () => client.close('close'))
  await client.start()
  assert.equal(await client.request('echo'), 'echo')
  const outstanding = [client.request('die'), client.request('echo')]
  for (const { reason } of (await Promise.allSettled(outstanding)) as PromiseRejectedResult[]) {
    assert.equal(reason.reason, 'io-error')
  }
  assert.deepEqual(downs, ['exit'])
  await assert.rejects(client.request('echo'), { reason: 'io-error' })
  clock.advance(1000)
  await restarted.promise
  assert.deepEqual(ready, [{ start: 1 }, { start: 2 }])
  assert.equal(await client.request('echo'), 'echo')
})

test('why a worker died is told by name', async t => {
  const down = Promise.withResolvers<string>()
  const client = new WorkerClient({
    url,
    workerData: () => ({}),
    clock: new FakeClock(),
    onDown: down.resolve,
  })
  cleanUp(t, () => client.close('close'))
  await client.start()
  await client.request('throw later').catch(() => undefined)
  assert.equal(await down.promise, 'SyntaxError')
})

test('a worker that dies of its last request is not started again', async () => {
  const clock = new FakeClock()
  const client = new WorkerClient({ url, workerData: () => ({}), clock })
  await client.start()
  await client.close('die')
  assert.equal(clock.pendingTimers(), 0)
})

test('a worker that refuses to start says why, and is not tried again', async t => {
  const clock = new FakeClock()
  const client = new WorkerClient({ url, workerData: () => ({ refuse: true }), clock })
  cleanUp(t, () => client.close('close'))
  await assert.rejects(client.start(), /no such luck/)
  assert.equal(clock.pendingTimers(), 0)
})

test('an error in the worker reaches who asked, without values', async t => {
  const client = new WorkerClient({ url, workerData: () => ({}), clock: new FakeClock() })
  cleanUp(t, () => client.close('close'))
  await client.start()
  await assert.rejects(client.request('parse'), (error: Error) => {
    assert.match(error.message, /store operation failed: SyntaxError$/)
    return true
  })
})

test('before the start and after the end there is nobody to ask', async () => {
  const client = new WorkerClient({ url, workerData: () => ({}), clock: new FakeClock() })
  await assert.rejects(client.request('echo'), { reason: 'closed' })
  await client.start()
  await client.close('close')
  await client.close('close')
  await assert.rejects(client.request('echo'), { reason: 'closed' })
})
