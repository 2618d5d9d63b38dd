import { hash } from 'node:crypto'
import type { Clock } from '../../domain/clock.ts'
import type { Notification } from '../../domain/notification.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { createHttp1Client } from '../../http1/create-http1-client.ts'
import type { Http1Client } from '../../http1/http1-client.ts'
import type { Provider, ProviderHealth, Push } from '../provider.ts'
import type { ProviderReport } from '../provider-definition.ts'
import { ENVIRONMENT, singleAppOffer } from '../single-app.ts'
import { withoutAnswer } from '../without-answer.ts'
import { readAnswer, type ZeroPushAnswer } from './answer.ts'
import {
  type AnswerContext,
  classify,
  classifyRegistering,
  isBackAgain,
  isKnownAnswer,
  isUnknownDevice,
  reasonOf,
} from './classify.ts'
import { encodeFields } from './payload.ts'
import { registrationRules } from './registration-rules.ts'

export interface ZeroPushProviderOptions {
  /** The server's address, below which its paths are; without a final slash. */
  url: string
  serverToken: string
  clock: Clock
  report: ProviderReport
}

/** One attempt makes up to three requests, and must end before the process that stops gives up waiting. */
const REQUEST_MS = 5000

export function createZeroPushProvider(options: ZeroPushProviderOptions): Provider {
  return new ZeroPushProvider(options)
}

class ZeroPushProvider implements Provider {
  readonly name = 'zeropush'
  readonly rules = registrationRules
  readonly offer = singleAppOffer
  readonly remembersProof = false
  readonly #scopes: readonly [string]
  readonly #client: Http1Client
  readonly #basePath: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #clock: Clock
  readonly #report: ProviderReport
  /** The same notification goes to all devices of a recipient: its text is cut, and encoded, once. */
  readonly #fields = new WeakMap<Notification, string>()

  constructor({ url, serverToken, clock, report }: ZeroPushProviderOptions) {
    const { origin, pathname } = new URL(url)
    const scope = `zeropush/${hash('sha256', serverToken, 'hex').slice(0, 12)}/${ENVIRONMENT}`
    this.#scopes = [scope]
    this.#basePath = pathname.replace(/\/$/, '')
    this.#clock = clock
    this.#report = report
    this.#headers = {
      // As ZeroPush's own client writes it (zero_push gem, lib/zero_push/client.rb).
      authorization: `Token token="${serverToken}"`,
      'content-type': 'application/json',
      accept: 'application/json',
    }
    this.#client = createHttp1Client({
      origin,
      tls: {},
      clock,
      limits: { requestMs: REQUEST_MS },
      onConnection: (state, reason) => report.connection(scope, state, reason),
    })
  }

  scopesOf(): readonly [string] {
    return this.#scopes
  }

  capacity(): number {
    return this.#client.capacity()
  }

  /** It is always the same. */
  onCapacity(): void {}

  otherEnvironment(): undefined {}

  async send(push: Push): Promise<Outcome> {
    const { token } = push.registration
    const first = await this.#notify(push)
    if (!first.ok) return first.outcome
    const mustBeTold = isUnknownDevice(first.answer, token) || isBackAgain(first.answer, push.registration)
    if (!mustBeTold) return this.#classify(first.answer, token)
    const refused = await this.#register(token)
    if (refused !== undefined) return refused
    const second = await this.#notify(push)
    return second.ok ? this.#classify(second.answer, token) : second.outcome
  }

  health(): ProviderHealth {
    return { connection: this.#client.state(), simulated: false }
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  #notify({ registration, notification, expiresAt }: Push): Promise<Posted> {
    const own = { device_tokens: [registration.token], expiry: Math.floor(expiresAt / 1000) }
    return this.#post('/notify', joined(JSON.stringify(own), this.#fieldsFor(notification)))
  }

  /** Undefined when the server knows the device now. */
  async #register(token: string): Promise<Outcome | undefined> {
    const posted = await this.#post('/register', JSON.stringify({ device_token: token }))
    if (!posted.ok) return posted.outcome
    const outcome = classifyRegistering(posted.answer, this.#contextOf(token))
    if (outcome !== undefined) this.#tellUnknown(posted.answer)
    return outcome
  }

  #classify(answer: ZeroPushAnswer, token: string): Outcome {
    this.#tellUnknown(answer)
    return classify(answer, this.#contextOf(token))
  }

  #tellUnknown(answer: ZeroPushAnswer): void {
    if (!isKnownAnswer(answer)) this.#report.unknownReason(answer.status, reasonOf(answer))
  }

  #contextOf(token: string): AnswerContext {
    return { now: this.#clock.now(), scope: this.#scopes[0], token }
  }

  async #post(path: string, body: string): Promise<Posted> {
    const result = await this.#client.request({
      method: 'POST',
      path: `${this.#basePath}${path}`,
      headers: this.#headers,
      body: Buffer.from(body),
    })
    if (result.kind === 'response') return { ok: true, answer: readAnswer(result, this.#clock.now()) }
    return { ok: false, outcome: withoutAnswer(result, this.#scopes[0], 'unrecognised') }
  }

  #fieldsFor(notification: Notification): string {
    const known = this.#fields.get(notification)
    if (known !== undefined) return known
    const fields = encodeFields(notification)
    this.#fields.set(notification, fields)
    return fields
  }
}

type Posted = { ok: true; answer: ZeroPushAnswer } | { ok: false; outcome: Outcome }

/** Two objects in JSON, neither of them empty, as one. */
function joined(first: string, second: string): string {
  return `${first.slice(0, -1)},${second.slice(1)}`
}
