import { randomBytes } from 'node:crypto'
import { type Clock, systemClock } from '../../domain/clock.ts'
import { createServerIdentity, type ServerIdentity } from '../certificate.ts'
import type { HttpAnswer, HttpFault, ReceivedRequest } from '../http-fault.ts'
import { type HttpSimulator, startHttpSimulator } from '../http-simulator.ts'
import { type Browser, createBrowser, type SubscribeOptions, type Subscription } from './browsers.ts'
import { type PushHeaders, readHeaders } from './push-rules.ts'
import { type Refusal, refuseAs } from './refusals.ts'
import { checkVapid } from './vapid-rules.ts'

export interface WebPushSimulatorOptions {
  /** Default 127.0.0.1 and a free port. */
  host?: string
  port?: number
  /** Under which browsers know it instead of its address: for what looks the name up by itself. */
  name?: string
  /** To keep the certificate over a restart; default a new one. */
  identity?: ServerIdentity
  faults?: readonly HttpFault[]
  clock?: Clock
}

/** A push service on loopback, and the browsers that are subscribed there. */
export interface WebPushSimulator extends HttpSimulator {
  readonly ca: string
  /** As `pushManager.subscribe` of a new browser. */
  subscribe(options?: SubscribeOptions): Subscription
  browser(subscription: Pick<Subscription, 'endpoint'>): Browser
  /** The browser is gone, or the user has withdrawn the permission: 410 (default) or 404 from now on. */
  unsubscribe(subscription: Pick<Subscription, 'endpoint'>, status?: 404 | 410): void
  /** Different VAPID tokens that were accepted: Apple asks for at most one an hour. */
  vapidTokens(): number
}

/** Beyond the body of any push service, so that it is the rules that refuse it. */
const BODY_BYTES = 64 * 1024

export async function startWebPushSimulator(
  options: WebPushSimulatorOptions = {},
): Promise<WebPushSimulator> {
  const { clock = systemClock, name, ...rest } = options
  const identity = options.identity ?? (await createServerIdentity(name === undefined ? [] : [name]))
  const service = new PushService(clock)
  const simulator = await startHttpSimulator({
    ...rest,
    identity,
    clock,
    bodyBytes: BODY_BYTES,
    refuse: request => service.refuse(request),
    respond: request => service.take(request),
  })
  service.origin = name === undefined ? simulator.url : `https://${name}:${simulator.port}`
  return {
    ...simulator,
    ca: identity.ca,
    subscribe: subscribed => service.subscribe(subscribed),
    browser: ({ endpoint }) => service.browserAt(endpoint),
    unsubscribe({ endpoint }, status = 410) {
      service.browserAt(endpoint).over = status
    },
    vapidTokens: () => service.tokens.size,
  }
}

class PushService {
  origin = ''
  /** The `authorization` of accepted messages. */
  readonly tokens = new Set<string>()
  /** By path. */
  readonly #browsers = new Map<string, Browser>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  subscribe(options: SubscribeOptions = {}): Subscription {
    const isNtfy = options.kind === 'ntfy'
    // ntfy's own app makes them so: `up` and twelve characters, and a query that marks UnifiedPush.
    const path = isNtfy
      ? `/up${randomBytes(6).toString('hex')}`
      : `/push/v2/${randomBytes(24).toString('base64url')}`
    const browser = createBrowser(`${this.origin}${path}${isNtfy ? '?up=1' : ''}`, options)
    this.#browsers.set(path, browser)
    return browser.subscription
  }

  browserAt(endpoint: string): Browser {
    const browser = this.#browsers.get(new URL(endpoint).pathname)
    if (browser === undefined) throw new Error('no such subscription')
    return browser
  }

  refuse(request: ReceivedRequest): HttpAnswer | undefined {
    const browser = this.#browsers.get(request.path)
    if (request.method !== 'POST') return { status: 405 }
    if (browser === undefined) return refuseAs('mozilla', 'no-subscription')
    const refusal = this.#refusalOf(request, browser)
    return refusal && refuseAs(browser.kind, refusal)
  }

  /** The message is right: RFC 8030 §5, 201 with where its receipt would be. */
  take(request: ReceivedRequest): HttpAnswer {
    const browser = this.#browsers.get(request.path)
    const headers = browser && headersFor(browser, request)
    if (browser === undefined || headers === undefined || typeof headers === 'string') {
      throw new Error('taken before it was checked')
    }
    if (browser.kind === 'ntfy') return takeAsNtfy(browser, request, headers)
    this.tokens.add(String(request.headers.authorization))
    browser.receive(request.body, headers)
    const location = `${this.origin}/message/${randomBytes(12).toString('base64url')}`
    return { status: 201, headers: { location, ttl: String(headers.ttl) } }
  }

  #refusalOf(request: ReceivedRequest, browser: Browser): Refusal | undefined {
    const refusal = browser.kind === 'ntfy' ? undefined : this.#vapidRefusal(request, browser)
    if (refusal !== undefined) return refusal
    if (browser.over !== undefined) return browser.over === 404 ? 'no-subscription' : 'gone'
    const headers = headersFor(browser, request)
    return typeof headers === 'string' ? headers : undefined
  }

  #vapidRefusal(request: ReceivedRequest, browser: Browser): Refusal | undefined {
    const { authorization } = request.headers
    return checkVapid(typeof authorization === 'string' ? authorization : undefined, {
      origin: this.origin,
      applicationServerKey: browser.applicationServerKey,
      now: this.#clock.now(),
    })
  }
}

/** ntfy looks at the encoding and the size; it keeps messages as long as it likes. */
function headersFor(browser: Browser, request: ReceivedRequest): PushHeaders | Refusal {
  const { headers } = request
  const asked =
    browser.kind === 'ntfy' ? { ...request, headers: { ...headers, ttl: headers.ttl ?? '0' } } : request
  return readHeaders(asked, browser.maxBodyBytes)
}

/** The message as its subscribers get it: what is not UTF-8, and what is encrypted is not, in base64. */
function takeAsNtfy(browser: Browser, { path, body }: ReceivedRequest, headers: PushHeaders): HttpAnswer {
  browser.receive(body, headers)
  const said = {
    id: randomBytes(6).toString('hex'),
    event: 'message',
    topic: path.slice(1),
    encoding: 'base64',
  }
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...said, message: body.toString('base64') }),
  }
}
