import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { systemClock } from '../../src/domain/clock.ts'
import type { Http2Client, RequestResult } from '../../src/http2/http2-client.ts'
import type { ClientLimits, Http2ClientOptions } from '../../src/http2/pool.ts'
import type { ApnsSimulator, ApnsSimulatorOptions } from '../../src/simulator/apns/apns-simulator.ts'
import type { Fault } from '../../src/simulator/fault.ts'
import { startRig } from '../support/apns-simulator.ts'
import { brief, CLIENTS, comparable } from './support/differential.ts'

const TOKEN = 'ab'.repeat(32)
const BODY = Buffer.from('{"aps":{"alert":{"title":"a","body":"b"}}}')

interface Pusher {
  simulator: ApnsSimulator
  client: Http2Client
  /** The id is told apart by `at` alone. */
  push(at: number, body?: Buffer): Promise<RequestResult>
  pushMany(count: number, from?: number): Promise<RequestResult[]>
}

async function startPusher(
  t: TestContext,
  create: (options: Http2ClientOptions) => Http2Client,
  options: Partial<ApnsSimulatorOptions> = {},
  limits: Partial<ClientLimits> = {},
): Promise<Pusher> {
  const { simulator, jwt } = await startRig(t, options)
  const client = create({
    origin: simulator.url,
    tls: { ca: simulator.ca },
    clock: systemClock,
    limits: { connections: 1, ...limits },
    onConnection() {},
  })
  t.after(() => client.close())
  const push = (at: number, body = BODY) =>
    client.request({
      method: 'POST',
      path: `/3/device/${TOKEN}`,
      headers: {
        authorization: `bearer ${jwt}`,
        'apns-topic': 'com.example.chat',
        'apns-push-type': 'alert',
      },
      uniqueHeaders: { 'apns-id': idOf(at) },
      body,
    })
  const pushMany = (count: number, from = 0) =>
    Promise.all(Array.from({ length: count }, (_, at) => push(from + at)))
  return { simulator, client, push, pushMany }
}

function idOf(at: number): string {
  return `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`
}

interface Scenario {
  options?: Partial<ApnsSimulatorOptions>
  limits?: Partial<ClientLimits>
  run(pusher: Pusher): Promise<RequestResult[]>
  /** Of the engine. */
  outcome: string[]
  /** Why the reference may get something else. */
  referenceDiffers?: string
}

/** On both clients: the same results, and the same on the phones; and no result says what the phones deny. */
function differential(name: string, scenario: Scenario): void {
  test(name, { timeout: 30_000 }, async t => {
    const engine = await play(t, scenario, CLIENTS.engine)
    assert.deepEqual(engine.outcome, scenario.outcome, 'engine')
    const reference = await play(t, scenario, CLIENTS.reference)
    if (scenario.referenceDiffers === undefined) assert.deepEqual(engine, reference)
  })
}

async function play(
  t: TestContext,
  { options, limits, run }: Scenario,
  create: (options: Http2ClientOptions) => Http2Client,
) {
  const pusher = await startPusher(t, create, options, limits)
  const results = await run(pusher)
  const { received, accepted, refusals } = pusher.simulator.stats()
  return {
    outcome: results.map(brief),
    got: results.map(comparable),
    seen: { received, accepted, refusals },
    shown: results.map((_, at) => pusher.simulator.pushedIds.count(idOf(at))),
  }
}

/** The result of push `at` against what the phones know of it. */
function assertExact({ pushedIds }: ApnsSimulator, results: readonly RequestResult[]): void {
  for (const [at, result] of results.entries()) {
    const shown = pushedIds.count(idOf(at))
    if (result.kind === 'response' && result.status === 200) assert.equal(shown, 1, `${at} accepted`)
    if (result.kind === 'not-processed') assert.equal(shown, 0, `${at} not processed: ${result.reason}`)
    assert.ok(shown <= 1, `${at} came ${shown} times`)
  }
}

const times = (count: number, outcome: string) => Array<string>(count).fill(outcome)

const ANSWERS: [fault: Fault, outcome: string][] = [
  [{ action: 'answer', status: 400, reason: 'BadDeviceToken' }, '400 {"reason":"BadDeviceToken"}'],
  [
    { action: 'answer', status: 410, reason: 'Unregistered', timestamp: 7 },
    '410 {"reason":"Unregistered","timestamp":7}',
  ],
  [{ action: 'answer', status: 429, reason: 'TooManyRequests' }, '429 {"reason":"TooManyRequests"}'],
  [{ action: 'answer', status: 500, reason: 'InternalServerError' }, '500 {"reason":"InternalServerError"}'],
  [{ action: 'answer', status: 503, reason: 'Shutdown', retryAfter: '7' }, '503 {"reason":"Shutdown"}'],
  [{ action: 'answer', status: 502, body: '<html>'.repeat(1000) }, '502 6000 bytes'],
  [{ action: 'delay', delayMs: 20 }, '200'],
  [{ action: 'reset', code: 'REFUSED_STREAM' }, 'not-processed'],
  [{ action: 'reset', code: 'INTERNAL_ERROR' }, 'unknown'],
  [{ action: 'reset', code: 'CANCEL', shown: true }, 'unknown'],
  [{ action: 'drop' }, 'unknown'],
  [{ action: 'drop', shown: true }, 'unknown'],
  [{ action: 'goaway' }, 'not-processed'],
  [{ action: 'goaway', reason: 'Shutdown' }, 'not-processed'],
  [{ action: 'goaway', lastStream: 'this' }, '200'],
]

describe('engine and reference, before the APNs simulator', () => {
  for (const [fault, outcome] of ANSWERS)
    differential(`${JSON.stringify(fault).slice(0, 90)}, between two good ones`, {
      run: async ({ simulator, push }) => {
        const first = await push(0)
        simulator.faults.add({ ...fault, times: 1 })
        const struck = await push(1)
        return [first, struck, await push(2)]
      },
      outcome: ['200', outcome, '200'],
    })

  differential('a payload that is too large', {
    run: async ({ push }) => [await push(0, Buffer.alloc(5000, ' ')), await push(1)],
    outcome: ['413 {"reason":"PayloadTooLarge"}', '200'],
  })

  differential('from one stream to a thousand, with 500 that want to go at once', {
    run: ({ pushMany }) => pushMany(500),
    outcome: times(500, '200'),
  })

  differential('a limit that changes under way: who is refused for it goes again', {
    run: async ({ simulator, push }) => {
      const persist = async (at: number) => {
        for (;;) {
          const result = await push(at)
          if (result.kind !== 'not-processed' || result.isUnreachable) return result
        }
      }
      const all = Promise.all(Array.from({ length: 300 }, (_, at) => persist(at)))
      const changes = [
        [20, 3],
        [60, 50],
        [150, 1],
        [200, 1000],
      ] as const
      for (const [count, limit] of changes) {
        await simulator.received(count)
        simulator.setStreamLimit(limit)
      }
      return all
    },
    outcome: times(300, '200'),
  })

  differential('a graceful goodbye while 100 are under way', {
    run: async ({ simulator, push, pushMany }) => {
      const first = await push(0)
      simulator.faults.add({ action: 'delay', delayMs: 20, times: 100 })
      const underWay = pushMany(100, 1)
      await simulator.until(({ requests }) => requests >= 101)
      simulator.goaway({ double: true })
      return [first, ...(await underWay), await push(101)]
    },
    outcome: times(102, '200'),
  })

  differential('a goodbye with an error while 10 are under way', {
    run: async ({ simulator, push, pushMany }) => {
      const first = await push(0)
      simulator.faults.add({ action: 'delay', delayMs: 20, times: 10 })
      const underWay = pushMany(10, 1)
      await simulator.until(({ requests }) => requests >= 11)
      simulator.goaway({ code: 'INTERNAL_ERROR' })
      return [first, ...(await underWay), await push(11)]
    },
    outcome: times(12, '200'),
    referenceDiffers: 'Node destroys the session at once, answers or not; RFC 9113 §6.8 lets them come',
  })

  differential('nobody listens, then somebody does', {
    run: async ({ simulator, push, client }) => {
      simulator.refuseConnections()
      const refused = await push(0)
      assert.equal(client.state(), 'down')
      await simulator.acceptConnections()
      return [refused, await push(1)]
    },
    outcome: ['unreachable', '200'],
  })

  // Several at once: which push is struck is chance, so the clients are not compared with each other but with the phones.
  for (const [name, create] of Object.entries(CLIENTS))
    test(`${name}: 3000 pushes through every fault at once: no result says what the phones deny`, async t => {
      const { simulator, push, pushMany } = await startPusher(t, create, { streamLimit: 100 })
      await push(9999)
      simulator.faults.replace([
        { action: 'goaway', percent: 1 },
        { action: 'goaway', lastStream: 'this', percent: 1 },
        { action: 'goaway', code: 'INTERNAL_ERROR', percent: 0.5 },
        { action: 'drop', percent: 0.3 },
        { action: 'drop', shown: true, percent: 0.3 },
        { action: 'reset', code: 'REFUSED_STREAM', percent: 2 },
        { action: 'reset', code: 'INTERNAL_ERROR', shown: true, percent: 1 },
        { action: 'answer', status: 500, reason: 'InternalServerError', percent: 1 },
        { action: 'delay', delayMs: 5, percent: 5 },
      ])
      const results = await pushMany(3000)
      assertExact(simulator, results)
      const kinds = new Set(results.map(brief).map(outcome => outcome.split(' ')[0]))
      assert.ok(
        ['200', 'not-processed', 'unknown'].every(kind => kinds.has(kind)),
        [...kinds].join(),
      )
    })
})
