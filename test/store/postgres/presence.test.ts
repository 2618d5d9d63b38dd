import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { DatabaseError } from 'pg'
import type { Connection, Statement } from '../../../src/store/postgres/connection.ts'
import { Incarnations } from '../../../src/store/postgres/incarnations.ts'
import { Presence } from '../../../src/store/postgres/presence.ts'
import { Revisions } from '../../../src/store/shared/revisions.ts'
import { createEvents } from '../../../src/telemetry/events.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const BEAT_MS = 1_000
const DEAD_AFTER_MS = 5_000

/** A connection that answers as a test says. */
class FakeConnection {
  isOpen = true
  readonly asked: string[] = []
  readonly #refused: string | undefined

  constructor(refused?: string) {
    this.#refused = refused
  }

  onLost(): void {}
  onNotification(): void {}

  async query({ text }: Statement) {
    this.asked.push(text)
    if (this.#refused !== undefined && text.includes(this.#refused)) throw refusal('25006')
    return { rows: [[0]], count: 1, command: '' }
  }

  async close(): Promise<void> {
    this.isOpen = false
  }
}

function refusal(code: string): DatabaseError {
  return Object.assign(new DatabaseError('refused', 7, 'error'), { code })
}

function makePresence(onBeat: () => Promise<void>, refused?: string) {
  const clock = new FakeClock()
  const events = createEvents()
  const connections: FakeConnection[] = []
  const open = async () => {
    const connection = new FakeConnection(refused)
    connections.push(connection)
    return connection as unknown as Connection
  }
  const presence = new Presence({
    ...{ open, clock, events, onBeat },
    ...{ channel: 'c', origin: 'o', heartbeatMs: BEAT_MS, deadAfterMs: DEAD_AFTER_MS },
    incarnations: new Incarnations(() => 0),
    revisions: new Revisions(),
    onLost: () => {},
  })
  /** One more heartbeat, to its end. */
  const beat = async () => {
    clock.advance(BEAT_MS)
    while (clock.pendingTimers() === 0) await turn()
  }
  return { presence, events, connections, beat }
}

test('a heartbeat does not wait for what a node does for the others', async () => {
  const chores = Promise.withResolvers<void>()
  let begun = 0
  const { presence, connections, beat } = makePresence(() => {
    begun++
    return chores.promise
  })
  await presence.start()
  for (let count = 0; count < 10; count++) await beat()
  const beats = connections[0]?.asked.filter(text => text.includes('heartbeat_at'))
  assert.equal(beats?.length, 11)
  assert.equal(begun, 1, 'it is not over')
  assert.equal(presence.isHeard(), true)
  chores.resolve()
  await turn()
  await beat()
  assert.equal(begun, 2)
  await presence.stop()
})

test('what a node does for the others fails: it is told, and tried again', async () => {
  const codes = ['42501', '40001']
  const failures: unknown[] = []
  const { presence, events, beat } = makePresence(() => Promise.reject(refusal(codes.shift() ?? '55P03')))
  events.on('loop.failed', ({ error }) => failures.push((error as DatabaseError).code))
  await presence.start()
  for (let count = 0; count < 3; count++) {
    await beat()
    await turn()
  }
  assert.deepEqual(failures, ['42501'], 'the others pass by themselves')
  assert.equal(codes.length, 0)
  await presence.stop()
})

test('a standby does not let us listen: no connection is left behind', async () => {
  const { presence, connections } = makePresence(async () => {}, 'LISTEN')
  for (let count = 0; count < 3; count++) await assert.rejects(presence.start(), { code: '25006' })
  assert.equal(connections.length, 3)
  assert.deepEqual(
    connections.filter(({ isOpen }) => isOpen),
    [],
  )
})

test('started again after something else failed, it goes on once', async () => {
  const { presence, connections, beat } = makePresence(async () => {})
  await presence.start()
  await presence.start()
  await beat()
  assert.equal(connections[0]?.asked.filter(text => text.includes('heartbeat_at')).length, 3)
  await presence.stop()
})
