import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { SecureServerOptions } from 'node:http2'
import { type TestContext, test } from 'node:test'
import type { Http2Client, Http2Request, RequestResult } from '../../../src/http2/http2-client.ts'
import {
  CLIENT_LIMITS,
  type ClientLimits,
  createHttp2Client,
  type Http2ClientOptions,
} from '../../../src/http2/pool.ts'
import { createServerIdentity } from '../../../src/simulator/certificate.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createNodeHttp2Client } from '../../support/node-http2-client.ts'
import { type Script, ScriptedServer, type Seen } from './scripted-server.ts'

export const CLIENTS = { engine: createHttp2Client, reference: createNodeHttp2Client }

export interface Scenario {
  server?: SecureServerOptions
  limits?: Partial<ClientLimits>
  script: Script
  /** Asks, while the client's time stands still; answers what came of it, in an order that does not depend on chance. */
  run(client: Http2Client, server: ScriptedServer, clock: FakeClock): Promise<RequestResult[]>
  /** What the engine must get, so that the two are not just wrong together; see `brief`. */
  outcome: string[]
  /** Where the reference may differ, and why; what it gets is left open where chance has a say. */
  reference?: { outcome?: string[]; because: string }
  /** Why what the server saw may differ. */
  seenDiffers?: string
}

interface Played {
  seen: Seen[]
  got: object[]
  outcome: string[]
}

const identity = createServerIdentity()

/** The same on both clients, compared: what the server saw, and what the caller got. */
export function differential(name: string, scenario: Scenario): void {
  test(name, { timeout: 30_000 }, async t => {
    const engine = await play(t, scenario, CLIENTS.engine)
    assert.deepEqual(engine.outcome, scenario.outcome, 'engine')
    const reference = await play(t, scenario, CLIENTS.reference)
    const other = scenario.reference
    if (other?.outcome) assert.deepEqual(reference.outcome, other.outcome, other.because)
    else if (!other) assert.deepEqual(engine.got, reference.got)
    if (scenario.seenDiffers === undefined) assert.deepEqual(engine.seen, reference.seen)
  })
}

/** Once, on one client. */
export async function play(
  t: TestContext,
  { server: options, limits, script, run }: Pick<Scenario, 'server' | 'limits' | 'script' | 'run'>,
  create: (options: Http2ClientOptions) => Http2Client,
): Promise<Played> {
  const server = await ScriptedServer.start(await identity, script, options)
  t.after(() => server.stop())
  const { ca } = await identity
  const clock = new FakeClock()
  const client = create({
    origin: server.origin,
    tls: { ca },
    clock,
    limits: { connections: 1, responseBytes: 1024 * 1024, ...limits },
    onConnection() {},
  })
  t.after(() => client.close())
  const results = await run(client, server, clock)
  const closed = client.close()
  // Not every server here hangs up.
  clock.advance(CLIENT_LIMITS.closeMs)
  await closed
  await server.stop()
  // The port differs, and with it the authority.
  const port = new RegExp(`:${new URL(server.origin).port}$`)
  const seen = server.seen.map(one => ({
    ...one,
    fields: one.fields.map(field => field.replace(port, ':PORT')),
  }))
  return { seen, got: results.map(comparable), outcome: results.map(brief) }
}

/** `200 body`, `not-processed`, `unreachable`, `unknown`, `unknown after 200`. */
export function brief(result: RequestResult): string {
  switch (result.kind) {
    case 'response':
      return `${result.status} ${result.body.length > 40 ? `${result.body.length} bytes` : result.body}`.trim()
    case 'not-processed':
      return result.isUnreachable ? 'unreachable' : 'not-processed'
    case 'unknown':
      return result.status === undefined ? 'unknown' : `unknown after ${result.status}`
  }
}

/** Without what is each one's own words, and without the time. */
export function comparable(result: RequestResult): object {
  if (result.kind !== 'response') return { outcome: brief(result) }
  const { date: _, ...headers } = result.headers
  return { status: result.status, headers, body: createHash('sha256').update(result.body).digest('hex') }
}

export function request(path: string, more: Partial<Http2Request> = {}): Http2Request {
  const body = more.body ?? Buffer.alloc(0)
  return { method: body.length > 0 ? 'POST' : 'GET', path, headers: {}, uniqueHeaders: {}, body, ...more }
}

export function many(count: number, ask: (at: number) => Promise<RequestResult>): Promise<RequestResult[]> {
  return Promise.all(Array.from({ length: count }, (_, at) => ask(at)))
}

/** One after the other. */
export async function inTurn(asks: (() => Promise<RequestResult>)[]): Promise<RequestResult[]> {
  const results: RequestResult[] = []
  for (const ask of asks) results.push(await ask())
  return results
}
