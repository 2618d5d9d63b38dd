import type { TestContext } from 'node:test'
import type { Http2Request } from '../../../src/http2/http2-client.ts'
import { type ClientLimits, createHttp2Client } from '../../../src/http2/pool.ts'
import type { TlsCredentials } from '../../../src/http2/tls-transport.ts'
import { createServerIdentity } from '../../../src/simulator/certificate.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { type Incoming, type Script, ScriptedServer } from './scripted-server.ts'

export const identity = createServerIdentity()

export const REQUEST: Http2Request = {
  method: 'POST',
  path: '/',
  headers: {},
  uniqueHeaders: {},
  body: Buffer.from('x'),
}

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const PRESSURE_MS = 100
export const answer: Script = ({ stream }) => {
  stream.respond({ ':status': 200 }, { endStream: true })
}

interface RigOptions {
  script?: Script
  streams?: number
  limits?: Partial<ClientLimits>
  onCapacity?(capacity: number): void
}

export async function startRig(t: TestContext, options: RigOptions) {
  const { script = answer, streams = 100, ...rest } = options
  const server = await ScriptedServer.start(await identity, script, {
    settings: { maxConcurrentStreams: streams },
  })
  t.after(() => server.stop())
  return { server, ...(await startClient(t, server.origin, rest)) }
}

interface ClientOptions {
  limits?: Partial<ClientLimits>
  tls?: TlsCredentials
  onCapacity?(capacity: number): void
}

export async function startClient(t: TestContext, origin: string, options: ClientOptions = {}) {
  const clock = new FakeClock()
  const states: string[] = []
  const waiting: (() => void)[] = []
  const client = createHttp2Client({
    origin,
    tls: { ca: (await identity).ca, ...options.tls },
    clock,
    limits: options.limits ?? {},
    onCapacity: () => options.onCapacity?.(client.capacity()),
    onConnection: (state, reason) => {
      states.push(reason === undefined ? state : `${state} ${reason}`)
      for (const resolve of waiting.splice(0)) resolve()
    },
  })
  t.after(() => client.close())
  const change = () => new Promise<void>(resolve => waiting.push(resolve))
  const ask = async (count: number) => {
    const results = await Promise.all(Array.from({ length: count }, () => client.request(REQUEST)))
    return results.map(result =>
      result.kind === 'response' ? 'response' : `${result.kind} ${result.reason}`,
    )
  }
  return { client, clock, states, change, ask }
}

/** Keeps requests until they are released. */
class Holding {
  #held: Incoming[] = []
  #isOpen = false

  readonly script: Script = incoming => {
    if (this.#isOpen) void answer(incoming)
    else this.#held.push(incoming)
  }

  release(): void {
    this.#isOpen = true
    for (const incoming of this.#held.splice(0)) void answer(incoming)
  }

  releaseLast(): void {
    const last = this.#held.pop()
    if (last) void answer(last)
  }

  hold(): void {
    this.#isOpen = false
  }
}

export async function startHolding(t: TestContext, limits: Partial<ClientLimits> = {}) {
  const holding = new Holding()
  holding.release()
  const rig = await startRig(t, { script: holding.script, streams: 10, limits })
  await rig.ask(1)
  holding.hold()
  return { holding, ...rig }
}
