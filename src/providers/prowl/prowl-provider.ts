import type { Clock } from '../../domain/clock.ts'
import type { Notification } from '../../domain/notification.ts'
import type { Outcome } from '../../domain/outcome.ts'
import { createHttp1Client } from '../../http1/create-http1-client.ts'
import type { Http1Client, Http1Result } from '../../http1/http1-client.ts'
import type { Provider, ProviderHealth, Push } from '../provider.ts'
import type { ProviderReport } from '../provider-definition.ts'
import { parseRetryAfter } from '../retry-after.ts'
import { ENVIRONMENT, singleAppOffer } from '../single-app.ts'
import { withoutAnswer } from '../without-answer.ts'
import { readProwlWord } from './answer.ts'
import { CallBudget } from './call-budget.ts'
import { classify, isKnownAnswer, type ProwlAnswer, reasonOf } from './classify.ts'
import { encodeParameters } from './parameters.ts'
import { registrationRules } from './registration-rules.ts'

export interface ProwlProviderOptions {
  /** Without a final slash. */
  url: string
  clock: Clock
  report: ProviderReport
}

/** Prowl's limit is one of our address, so everybody's calls pause together. */
const SCOPE = `prowl/default/${ENVIRONMENT}`

export function createProwlProvider(options: ProwlProviderOptions): Provider {
  return new ProwlProvider(options)
}

class ProwlProvider implements Provider {
  readonly name = 'prowl'
  readonly rules = registrationRules
  readonly offer = singleAppOffer
  readonly remembersProof = false
  readonly #client: Http1Client
  readonly #path: string
  readonly #clock: Clock
  readonly #report: ProviderReport
  readonly #budget = new CallBudget()
  /** The same notification goes to all devices of a recipient: its text is cut, and encoded, once. */
  readonly #parameters = new WeakMap<Notification, string>()

  constructor({ url, clock, report }: ProwlProviderOptions) {
    const { origin, pathname } = new URL(url)
    this.#path = `${pathname.replace(/\/$/, '')}/publicapi/add`
    this.#clock = clock
    this.#report = report
    this.#client = createHttp1Client({
      origin,
      tls: {},
      clock,
      onConnection: (state, reason) => report.connection(SCOPE, state, reason),
    })
  }

  scopesOf(): readonly [string] {
    return [SCOPE]
  }

  capacity(): number {
    return this.#client.capacity()
  }

  /** It is always the same. */
  onCapacity(): void {}

  otherEnvironment(): undefined {}

  async send(push: Push): Promise<Outcome> {
    const untilMs = this.#budget.take(this.#clock.now())
    if (untilMs !== undefined) return { kind: 'deferred', scope: SCOPE, untilMs, reason: 'calls used up' }
    try {
      const result = await this.#add(push)
      if (result.kind !== 'response') return withoutAnswer(result, SCOPE, 'unrecognised')
      return this.#classify(this.#readAnswer(result))
    } finally {
      this.#budget.ended()
    }
  }

  health(): ProviderHealth {
    return { connection: this.#client.state(), simulated: false }
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  #add({ registration, notification }: Push): Promise<Http1Result> {
    return this.#client.request({
      method: 'POST',
      path: this.#path,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: Buffer.from(`apikey=${registration.token}&${this.#parametersFor(notification)}`),
    })
  }

  #readAnswer({ status, headers, body }: Http1Result & { kind: 'response' }): ProwlAnswer {
    const now = this.#clock.now()
    const word = readProwlWord(body)
    const { remaining, resetAt } = word ?? {}
    if (remaining !== undefined && resetAt !== undefined) this.#budget.learn(remaining, resetAt, now)
    const retryAfterMs = parseRetryAfter(headers['retry-after'], now)
    return { status, word, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  }

  #classify(answer: ProwlAnswer): Outcome {
    const now = this.#clock.now()
    if (!isKnownAnswer(answer)) this.#report.unknownReason(answer.status, reasonOf(answer))
    return classify(answer, { now, scope: SCOPE, limitEndsAt: () => this.#budget.exhaust(now) })
  }

  #parametersFor(notification: Notification): string {
    const known = this.#parameters.get(notification)
    if (known !== undefined) return known
    const parameters = encodeParameters(notification)
    this.#parameters.set(notification, parameters)
    return parameters
  }
}
