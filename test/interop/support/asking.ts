import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import type { TestContext } from 'node:test'
import { systemClock } from '../../../src/domain/clock.ts'
import type {
  EngineClock,
  Http2Client,
  RequestResult,
  ResponseResult,
} from '../../../src/http2/http2-client.ts'
import { type ClientLimits, createHttp2Client } from '../../../src/http2/pool.ts'
import type { TlsCredentials } from '../../../src/http2/tls-transport.ts'
import { createServerIdentity } from '../../../src/simulator/certificate.ts'

export const identity = createServerIdentity()

export const MIB = 1024 * 1024
const EMPTY = Buffer.alloc(0)

export interface Asked {
  method?: string
  headers?: Record<string, string>
  uniqueHeaders?: Record<string, string>
  body?: Buffer
}

export interface AskerOptions {
  limits?: Partial<ClientLimits>
  tls?: TlsCredentials
  /** Default: real time. */
  clock?: EngineClock
}

/** A client under test, and what it says of its connections. */
export class Asker {
  readonly client: Http2Client
  /** `connected`, `closed …`, `failed …`, in order. */
  readonly connections: string[] = []
  readonly #events = new EventEmitter()

  private constructor(origin: string, { limits, tls, clock = systemClock }: AskerOptions, ca: string) {
    this.client = createHttp2Client({
      origin,
      tls: { ca, ...tls },
      clock,
      // Megabytes on a busy machine: how long they take is not what is asked here.
      limits: { connections: 1, responseBytes: 16 * MIB, requestMs: 60_000, queueMs: 60_000, ...limits },
      onConnection: (state, reason) => {
        this.connections.push(reason === undefined ? state : `${state} ${reason}`)
        this.#events.emit('connection')
      },
    })
  }

  /** Closed when the test ends. */
  static async open(t: TestContext, origin: string, options: AskerOptions = {}): Promise<Asker> {
    const { ca } = await identity
    const asker = new Asker(origin, options, ca)
    t.after(() => asker.client.close())
    return asker
  }

  ask(
    path: string,
    { method, headers = {}, uniqueHeaders = {}, body = EMPTY }: Asked = {},
  ): Promise<RequestResult> {
    return this.client.request({
      method: method ?? (body.length === 0 ? 'GET' : 'POST'),
      path,
      headers,
      uniqueHeaders,
      body,
    })
  }

  /** Fails when there is none. */
  async response(path: string, asked: Asked = {}): Promise<ResponseResult> {
    const result = await this.ask(path, asked)
    if (result.kind !== 'response') assert.fail(`${path}: ${JSON.stringify(result)}`)
    return result
  }

  /** Asks until there is an answer; only what was provably not processed is sent again. */
  async persist(path: string, asked: Asked = {}): Promise<ResponseResult> {
    for (;;) {
      const result = await this.ask(path, asked)
      if (result.kind === 'response') return result
      if (result.kind === 'unknown' || result.isUnreachable) assert.fail(`${path}: ${JSON.stringify(result)}`)
    }
  }

  /** Resolves when its last connection has been given up. */
  async untilIdle(): Promise<void> {
    while (this.client.state() !== 'idle') await once(this.#events, 'connection')
  }
}
