import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Outcome, OutcomeKind } from '../../../src/domain/outcome.ts'
import { startRudeServer } from '../../support/rude-server.ts'
import type { Stand } from '../../support/stands/stand.ts'
import { beforeDeadline, SECRET_TEXT, startRudeRig } from './rig.ts'

const HTML = '<!doctype html><html><body><h1>Bad gateway</h1></body></html>'
const LARGE = Buffer.alloc(10 * 1024 * 1024, '{"a":[')

/** What proxies, balancers and broken servers answer, whatever the provider's documentation says. */
const BODIES: Readonly<Record<string, { body: string | Buffer; type?: string }>> = {
  'that is empty': { body: '' },
  'that is a page': { body: HTML, type: 'text/html' },
  'that is a page, said to be JSON': { body: HTML, type: 'application/json' },
  'that is broken JSON': { body: '{"error":{"code":4', type: 'application/json' },
  'that is JSON of another shape': { body: '[[null,{"error":[]}],7,"x"]', type: 'application/json' },
  'that is null': { body: 'null', type: 'application/json' },
  'that is broken XML': { body: '<?xml version="1.0"?><prowl><error code="4', type: 'text/xml' },
  'that is binary': { body: Buffer.from([0, 255, 254, 128, 7]), type: 'application/octet-stream' },
  'of 10 MB': { body: LARGE, type: 'application/json' },
}

/** Words that no table may take for one of its own, nor show. */
const WORDS = ['constructor', '__proto__', 'toString', '', ' ', 'x'.repeat(10_000), 'a\r\nb', '\u0000', '🐞']

export function answersContract(stand: Stand): void {
  for (const [name, { body, type }] of Object.entries(BODIES)) {
    test(`answers: a body ${name} decides nothing, the status does`, async t => {
      const { answered } = await startRudeRig(t, stand)
      const headers = type === undefined ? {} : { 'content-type': type }
      await assertByStatus(status => answered({ status, headers, body }))
    })
  }

  for (const end of ['never', 'trickles'] as const) {
    const what = end === 'never' ? 'never ends' : 'comes a byte at a time for ever'
    test(`answers: a body that ${what} is not waited for beyond the deadline`, async t => {
      const { rude, clock, push, send } = await startRudeRig(t, stand)
      const statuses = { 200: ['accepted', 'failed'], 400: ['rejected', 'failed'], 503: ['failed'] }
      for (const [index, [status, kinds]] of Object.entries(statuses).entries()) {
        rude.answer = { status: Number(status), body: '{', end }
        const sending = send(push())
        await rude.until(() => rude.requests.length > index)
        const { kind } = await beforeDeadline(clock, sending)
        assert.ok(kinds.includes(kind), `${status}: ${kind}`)
      }
    })
  }

  test('answers: a redirect is not followed and loses nothing', async t => {
    const { standIn, rude, answered } = await startRudeRig(t, stand)
    const target = await startRudeServer(t, { identity: standIn.identity })
    target.answer = { status: 200 }
    for (const status of [300, 301, 302, 303, 307, 308, 399]) {
      const before = rude.requests.length
      const outcome = await answered({ status, headers: { location: `${target.url}/elsewhere` } })
      assert.ok(['failed', 'blocked'].includes(outcome.kind), `${status}: ${outcome.kind}`)
      if (outcome.kind === 'failed') assert.equal(outcome.pace, 'server')
      assert.equal(rude.requests.length, before + 1)
    }
    assert.deepEqual([target.connections, target.requests], [0, []])
  })

  test('answers: Retry-After in seconds or as a date, and nonsense is none', async t => {
    const { clock, answered } = await startRudeRig(t, stand)
    const delays = async (retryAfter: string) => {
      const headers = { 'retry-after': retryAfter }
      const failed = await answered({ status: 503, headers })
      const deferred = await answered({ status: 429, headers })
      assert.ok(failed.kind === 'failed' && deferred.kind === 'deferred')
      return [failed.retryAfterMs, deferred.untilMs]
    }
    const now = clock.now()
    assert.deepEqual(await delays('7'), [7000, now + 7000])
    assert.deepEqual(await delays(new Date(now + 60_000).toUTCString()), [60_000, now + 60_000])
    // Only their form is looked at, as of every outcome.
    for (const nonsense of ['0', '-5', '1e99', 'Infinity', 'soon', '5, 7', 'Thu, 01 Jan 1970 00:00:00 GMT'])
      await delays(nonsense)
    await delays(new Date(now + 10 * 365 * 86_400_000).toUTCString())
  })

  test('answers: strange words in the place of a reason are neither trusted nor shown', async t => {
    const { standIn, answered } = await startRudeRig(t, stand)
    for (const word of WORDS) {
      for (const status of [400, 403, 500]) {
        const { kind } = await answered(standIn.wording(status, word))
        assert.ok(
          status === 500 ? kind === 'failed' : ['rejected', 'blocked'].includes(kind),
          `${status} ${word}`,
        )
      }
    }
  })

  test('answers: what repeats our own words does not bring them into outcomes or reports', async t => {
    const { standIn, rude, device, push, send } = await startRudeRig(t, stand)
    for (const status of [200, 400, 401, 403, 404, 410, 429, 500]) {
      const { registration, address } = device()
      const [first] = Object.values(address).filter(value => typeof value === 'string')
      for (const secret of [registration.token, first ?? '', SECRET_TEXT, ...standIn.secrets]) {
        rude.answer = standIn.wording(status, secret)
        await send(push({ registration }))
      }
      rude.answer = ({ headers, body }) => ({
        status,
        headers: { 'content-type': 'text/plain', 'x-echo': 'yes' },
        body: JSON.stringify({ ...headers, reason: body, error: body, message: body }),
      })
      await send(push({ registration }))
    }
  })

  test('answers: there is an outcome for anything whatever', async t => {
    const { standIn, rude, clock, answered } = await startRudeRig(t, stand)
    const status = fc.oneof(
      fc.integer({ min: 200, max: 599 }),
      fc.constantFrom(200, 400, 401, 403, 404, 410, 429),
    )
    const body = fc.oneof(fc.json(), fc.string({ unit: 'binary' }), fc.string())
    await fc.assert(
      fc.asyncProperty(status, body, fc.boolean(), async (code, text, isWorded) => {
        const outcome = await answered(isWorded ? standIn.wording(code, text) : { status: code, body: text })
        clock.advance(waitOf(outcome, clock.now()))
        const { kind } = outcome
        const mayBeDead = [...stand.deadStatuses, ...(isWorded ? stand.deadWhenSaid : [])]
        assert.ok(kind !== 'accepted' || code < 300, `${code} ${text}`)
        assert.ok(kind !== 'unregistered' || mayBeDead.includes(code), `${code} ${text}`)
      }),
      { numRuns: 200 },
    )
    assert.ok(rude.requests.length >= 200)
  })

  async function assertByStatus(outcomeOf: (status: number) => Promise<Outcome>): Promise<void> {
    for (const [status, kinds] of BY_STATUS) {
      const { kind } = await outcomeOf(status)
      const expected = stand.deadStatuses.includes(status) ? ['unregistered'] : kinds
      assert.ok(expected.includes(kind), `${status}: ${kind}`)
    }
    const failed = await outcomeOf(502)
    assert.deepEqual(
      [failed.kind === 'failed' && failed.pace, failed.status, failed.reason],
      ['server', 502, 'HTTP 502'],
    )
    assert.equal((await outcomeOf(200)).kind, stand.acceptsByStatus ? 'accepted' : 'failed')
  }
}

function waitOf(outcome: Outcome, now: number): number {
  return outcome.kind === 'deferred' && outcome.untilMs !== undefined ? outcome.untilMs - now : 0
}

/** What a status means where nothing else is known. */
const BY_STATUS: readonly (readonly [status: number, kinds: readonly OutcomeKind[]])[] = [
  ...[500, 502, 503, 504, 599].map(status => [status, ['failed']] as const),
  ...[400, 404, 405, 410, 413, 418, 499].map(
    status => [status, ['rejected', 'blocked', 'misaddressed', 'failed']] as const,
  ),
  // Whoever says so means us, not the message: another one would fare no better. A fresh access token may.
  [401, ['blocked', 'failed']],
  [403, ['blocked']],
  [407, ['blocked']],
  // It was not even read in time.
  [408, ['failed', 'deferred']],
  [429, ['deferred']],
]
