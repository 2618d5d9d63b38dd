import { hash } from 'node:crypto'
import { systemClock } from '../../domain/clock.ts'
import type { HttpAnswer, ReceivedRequest } from '../http-fault.ts'
import { type HttpSimulator, type HttpSimulatorOptions, startHttpSimulator } from '../http-simulator.ts'
import { readWebhook, type Webhook } from './webhook-body.ts'
import { checkRequest, refusal } from './webhook-rules.ts'

export interface WebhookSimulatorOptions extends Omit<HttpSimulatorOptions, 'respond' | 'refuse'> {
  /** As `RELAY_HTTP_SECRET`. */
  secret: string
  /** Path and query at which it listens; default `/push`. */
  place?: string
  /** Hears of everything that it takes, of a repeat as well. */
  onTaken?(webhook: Webhook): void
}

/** A push service of somebody's own, as docs/providers/http.md tells them to write it, and strict. */
export interface WebhookSimulator extends HttpSimulator {
  /** What `RELAY_HTTP_URL` is to be. */
  readonly endpoint: string
  /** What it took, oldest first; a repeat is not in it twice. */
  readonly webhooks: readonly Webhook[]
  /** Ids that came again, as often as they did. */
  readonly repeats: readonly string[]
  /** Tokens that it knows to be dead. */
  readonly deadTokens: Set<string>
}

const TOLERANCE_MS = 5 * 60_000

export async function startWebhookSimulator(options: WebhookSimulatorOptions): Promise<WebhookSimulator> {
  const { secret, place = '/push', clock = systemClock, onTaken, ...rest } = options
  const receiver = new Receiver(onTaken)
  const rules = { place, secret, toleranceMs: TOLERANCE_MS }
  const simulator = await startHttpSimulator({
    ...rest,
    clock,
    refuse: request => checkRequest(request, rules, clock.now()) ?? receiver.refuse(request),
    respond: request => receiver.take(request),
  })
  const { webhooks, repeats, deadTokens } = receiver
  return { ...simulator, endpoint: `${simulator.url}${place}`, webhooks, repeats, deadTokens }
}

class Receiver {
  readonly webhooks: Webhook[] = []
  readonly repeats: string[] = []
  readonly deadTokens = new Set<string>()
  /** Hash of the body by id: a repeat is the same to the last byte. */
  readonly #known = new Map<string, string>()
  readonly #onTaken: WebhookSimulatorOptions['onTaken']

  constructor(onTaken: WebhookSimulatorOptions['onTaken']) {
    this.#onTaken = onTaken
  }

  refuse(request: ReceivedRequest): HttpAnswer | undefined {
    const id = idOf(request)
    const read = readWebhook(request.body, id)
    if (!read.ok) return refusal(422, read.problem)
    const known = this.#known.get(id)
    return known === undefined || known === hash('sha256', request.body)
      ? undefined
      : refusal(409, 'another body under the same id')
  }

  /** Of a request that was not refused. */
  take(request: ReceivedRequest): HttpAnswer {
    const id = idOf(request)
    const webhook: Webhook = JSON.parse(request.body.toString())
    if (this.deadTokens.has(webhook.device.token)) return refusal(410, 'no such device any more')
    if (this.#known.has(id)) this.repeats.push(id)
    else this.webhooks.push(webhook)
    this.#known.set(id, hash('sha256', request.body))
    this.#onTaken?.(webhook)
    return { status: 204 }
  }
}

function idOf({ headers }: ReceivedRequest): string {
  return String(headers['webhook-id'])
}
