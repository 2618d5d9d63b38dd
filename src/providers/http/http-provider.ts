import { hash } from 'node:crypto'
import type { Clock } from '../../domain/clock.ts'
import type { Notification } from '../../domain/notification.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { createHttp1Client } from '../../http1/create-http1-client.ts'
import type { Http1Client, Http1Result } from '../../http1/http1-client.ts'
import type { Provider, ProviderHealth, Push } from '../provider.ts'
import type { ProviderParts } from '../provider-definition.ts'
import { parseRetryAfter } from '../retry-after.ts'
import { createSingleAppRules, ENVIRONMENT, singleAppOffer } from '../single-app.ts'
import { withoutAnswer } from '../without-answer.ts'
import { classify, isKnownStatus, reasonOf } from './classify.ts'
import type { HttpConfig } from './http-config.ts'
import { encodeBody, encodeNotification } from './payload.ts'
import { signatureHeaders } from './signature.ts'

export function createHttpProvider(config: HttpConfig, parts: ProviderParts): Provider {
  return new HttpProvider(config, parts)
}

class HttpProvider implements Provider {
  readonly name = 'http'
  /** Any text that its schema takes is a token. */
  readonly rules = createSingleAppRules(({ token }) => String(token), 'a token is a text')
  readonly offer = singleAppOffer
  readonly remembersProof = false
  readonly #scope: string
  readonly #path: string
  readonly #key: Buffer
  readonly #clock: Clock
  readonly #report: ProviderParts['report']
  readonly #client: Http1Client
  /** The same notification goes to all devices of a recipient: its text is cut, and encoded, once. */
  readonly #encoded = new WeakMap<Notification, string>()

  constructor({ url, key }: HttpConfig, { clock, report }: ProviderParts) {
    this.#scope = `http/${hash('sha256', key, 'hex').slice(0, 12)}/${ENVIRONMENT}`
    this.#path = `${url.pathname}${url.search}`
    this.#key = key
    this.#clock = clock
    this.#report = report
    this.#client = createHttp1Client({
      origin: url.origin,
      tls: {},
      clock,
      onConnection: (state, reason) => report.connection(this.#scope, state, reason),
    })
  }

  scopesOf(): readonly [string] {
    return [this.#scope]
  }

  capacity(): number {
    return this.#client.capacity()
  }

  /** It never grows. */
  onCapacity(): void {}

  otherEnvironment(): undefined {}

  async send(push: Push): Promise<Outcome> {
    const body = encodeBody(push, this.#encodedOf(push.notification))
    const result = await this.#client.request({
      method: 'POST',
      path: this.#path,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'push-relay',
        ...signatureHeaders(this.#key, push.deliveryId, this.#clock.now(), body),
      },
      body,
    })
    return this.#outcomeOf(result)
  }

  health(): ProviderHealth {
    return { connection: this.#client.state(), simulated: false }
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  #outcomeOf(result: Http1Result): Outcome {
    if (result.kind === 'response') return this.#classify(result.status, result.headers['retry-after'])
    // The head of a response is enough: what should have followed decides nothing.
    if (result.kind === 'unknown' && result.status !== undefined) return this.#classify(result.status)
    return withoutAnswer(result, this.#scope)
  }

  #classify(status: number, retryAfter?: string): Outcome {
    const now = this.#clock.now()
    const retryAfterMs = parseRetryAfter(retryAfter, now)
    if (!isKnownStatus(status)) this.#report.unknownReason(status, reasonOf(status))
    const answer = { status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
    return classify(answer, { now, scope: this.#scope })
  }

  #encodedOf(notification: Notification): string {
    const known = this.#encoded.get(notification)
    if (known !== undefined) return known
    const encoded = encodeNotification(notification)
    this.#encoded.set(notification, encoded)
    return encoded
  }
}
