import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createApnsProvider } from '../../src/providers/apns/apns-provider.ts'
import { generateApnsKey } from '../../src/simulator/apns/apns-key.ts'
import { startDispatch } from '../support/dispatch-harness.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { secretsIn } from '../support/secrets.ts'
import { startStormServer } from './support/storm-server.ts'

const MESSAGES = 5000

test('a GOAWAY every 100 requests, with a thousand under way: every message is accepted, and nothing ever pauses', async t => {
  let goaways = 0
  const server = await startStormServer(1000, (peer, streamId) => {
    peer.answer(streamId)
    if (peer.requests === 100) peer.goaway(streamId, ++goaways % 2 === 0 ? 'NO_ERROR' : 'INTERNAL_ERROR')
  })
  // It stands still: what waited for a backoff or a retry would wait for ever.
  const clock = new FakeClock(Date.now())
  const provider = createApnsProvider({
    credentials: { kind: 'token', ...generateApnsKey() },
    topics: ['com.example.chat'],
    defaultEnvironment: 'production',
    origins: { production: server.origin },
    ca: server.ca,
    simulated: false,
    secrets: secretsIn(),
    clock,
    report: { unknownReason: () => {}, connection: () => {} },
  })
  const { register, post, seen, events } = await startDispatch(t, {
    provider,
    windowDeliveries: 2 * MESSAGES,
  })
  t.after(async () => {
    await provider.close()
    await server.close()
  })
  await register()
  const pauses: string[] = []
  events.on('scope.paused', ({ reason }) => pauses.push(reason))
  const accepted = seen('message.settled', MESSAGES, ({ state }) => state === 'accepted')
  for (let posted = 0; posted < MESSAGES; posted += 500) {
    await post(...Array.from({ length: 500 }, (_, at) => ({ body: `message ${posted + at}` })))
  }
  await accepted
  assert.deepEqual(pauses, [])
  assert.ok(goaways >= MESSAGES / 100 - 5, `${goaways} GOAWAYs`)
})
