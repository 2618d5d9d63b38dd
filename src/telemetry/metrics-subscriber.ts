import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Clock } from '../domain/clock.ts'
import { IGNORE_REASONS, MESSAGE_STATES, type MessageState } from '../domain/offline-message.ts'
import { OUTCOME_KINDS } from '../domain/outcome.ts'
import type { Events } from './events.ts'

export interface Metrics {
  /** Everything, as Prometheus text. */
  text(): Promise<string>
}

export interface MetricsSources {
  store: { outbox(): Promise<OutboxNumbers> }
  /** Deliveries that the dispatcher holds in memory. */
  inMemory(): number
  clock: Pick<Clock, 'now' | 'monotonic'>
  /** Names of all providers that may be on. */
  providers: readonly string[]
}

interface OutboxNumbers {
  pending: number
  oldestAt?: number
}

/** Scrapers come often and in pairs; the outbox is counted at most once in this time. */
const OUTBOX_CACHE_MS = 1_000

// Seconds. A commit takes a fraction of a millisecond up to what a slow disk needs; a push a network round trip up to the
// provider's deadline.
const COMMIT_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]
const ATTEMPT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Counts events in a registry of its own. Labels come from closed sets only, and every series exists from the start. */
export function createMetrics(events: Events, sources: MetricsSources): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  countMessages(events, registry)
  countRefusals(events, registry)
  countAttempts(events, registry, sources.providers)
  watchScopes(events, registry)
  watchConnections(events, registry, sources.providers)
  watchStore(events, registry)
  watchOutbox(sources, registry)
  return { text: () => registry.metrics() }
}

/** By attempts: an ignored message had none, and of a pending one something still waits. */
function hasEnded(state: MessageState): boolean {
  return state !== 'pending' && state !== 'ignored'
}

function countMessages(events: Events, registry: Registry): void {
  const accepted = counter(registry, 'relay_messages_accepted_total', 'Messages queued for delivery')
  const duplicates = counter(registry, 'relay_messages_duplicate_total', 'Messages that were posted before')
  const ignored = labelled(registry, 'relay_messages_ignored_total', 'Valid messages that cause no push', {
    reason: IGNORE_REASONS,
  })
  const settled = labelled(
    registry,
    'relay_messages_settled_total',
    'Messages that came to their end, by attempts or by expiry',
    {
      state: MESSAGE_STATES.filter(hasEnded),
    },
  )
  const registrations = labelled(registry, 'relay_registration_changes_total', 'Changes of registrations', {
    change: ['created', 'refreshed', 'removed', 'too-many-moves'],
  })
  const duration = histogram(registry, {
    name: 'relay_accept_duration_seconds',
    help: 'From a parsed request to its commit',
    buckets: COMMIT_BUCKETS,
  })
  events.on('message.accepted', ({ status, reason, durationMs }) => {
    duration.observe(durationMs / 1000)
    if (status === 'queued') accepted.inc()
    else if (status === 'duplicate') duplicates.inc()
    else if (reason !== undefined) ignored.inc({ reason })
  })
  events.on('message.settled', ({ state }) => {
    if (hasEnded(state)) settled.inc({ state })
  })
  events.on('registration.changed', ({ change }) => registrations.inc({ change }))
}

/** Of both labels HTTP has closed sets; what it may answer to a wrong credential is there from the start. */
const CREDENTIAL_CODES = ['RELAY_UNAUTHENTICATED', 'RELAY_TOO_MANY_REQUESTS']

function countRefusals(events: Events, registry: Registry): void {
  const refused = new Counter({
    name: 'relay_requests_refused_total',
    help: 'Requests answered with a 4xx',
    labelNames: ['route', 'code'],
    registers: [registry],
  })
  events.on('routes.opened', ({ routes }) => {
    for (const combination of combinations(['route', 'code'], { route: routes, code: CREDENTIAL_CODES })) {
      refused.inc(combination, 0)
    }
  })
  events.on('request.refused', ({ route, code }) => refused.inc({ route, code }))
}

function countAttempts(events: Events, registry: Registry, providers: readonly string[]): void {
  const attempts = labelled(registry, 'relay_attempts_total', 'Calls to providers by outcome', {
    provider: providers,
    outcome: [...OUTCOME_KINDS, 'crashed'],
  })
  const unknown = labelled(registry, 'relay_unknown_reasons_total', 'Answers with an unknown reason', {
    provider: providers,
  })
  const duration = histogram(registry, {
    name: 'relay_attempt_duration_seconds',
    help: 'From the call to the provider’s answer',
    buckets: ATTEMPT_BUCKETS,
    labelNames: ['provider'],
  })
  events.on('attempt.finished', ({ provider, attempt }) => {
    attempts.inc({ provider, outcome: attempt.outcome })
    duration.observe({ provider }, attempt.durationMs / 1000)
  })
  events.on('provider.unknown-reason', ({ provider }) => unknown.inc({ provider }))
}

const PAUSE_KINDS = ['unsent', 'deferred', 'blocked'] as const

function watchScopes(events: Events, registry: Registry): void {
  const paused = new Map<string, (typeof PAUSE_KINDS)[number]>()
  new Gauge({
    name: 'relay_scopes_paused',
    help: 'Scopes whose messages wait',
    labelNames: ['kind'],
    registers: [registry],
    collect() {
      const kinds = [...paused.values()]
      for (const kind of PAUSE_KINDS) this.set({ kind }, kinds.filter(other => other === kind).length)
    },
  })
  events.on('scope.paused', ({ scope, kind }) => paused.set(scope, kind))
  events.on('scope.resumed', ({ scope }) => paused.delete(scope))
  const waves = new Gauge({
    name: 'relay_misaddressed_waves',
    help: 'Topics of which many tokens are refused',
    registers: [registry],
  })
  events.on('wave.started', () => waves.inc())
  events.on('wave.ended', () => waves.dec())
}

function watchConnections(events: Events, registry: Registry, providers: readonly string[]): void {
  const open = new Gauge({
    name: 'relay_provider_connections',
    help: 'Open connections to providers',
    labelNames: ['provider'],
    registers: [registry],
  })
  for (const provider of providers) open.set({ provider }, 0)
  const failures = labelled(registry, 'relay_provider_connect_failures_total', 'Failed connects', {
    provider: providers,
  })
  events.on('provider.connection', ({ provider, state }) => {
    if (state === 'connected') open.inc({ provider })
    else if (state === 'closed') open.dec({ provider })
    else failures.inc({ provider })
  })
}

function watchStore(events: Events, registry: Registry): void {
  const duration = histogram(registry, {
    name: 'relay_store_commit_duration_seconds',
    help: 'One transaction, disk included',
    buckets: COMMIT_BUCKETS,
  })
  const operations = counter(registry, 'relay_store_operations_total', 'Operations in these transactions')
  const writable = new Gauge({
    name: 'relay_store_writable',
    help: '1 while a commit can succeed',
    registers: [registry],
  })
  writable.set(1)
  const failures = counter(registry, 'relay_loop_failures_total', 'Failed rounds of background loops')
  events.on('store.commit', event => {
    duration.observe(event.durationMs / 1000)
    operations.inc(event.operations)
  })
  events.on('store.unavailable', () => writable.set(0))
  events.on('store.recovered', () => writable.set(1))
  events.on('loop.failed', () => failures.inc())
}

function watchOutbox({ store, inMemory, clock }: MetricsSources, registry: Registry): void {
  const outbox = cached(() => store.outbox(), clock)
  gauge(registry, 'relay_outbox_pending_messages', 'Messages of which a delivery is pending', async () => {
    return (await outbox()).pending
  })
  gauge(registry, 'relay_outbox_oldest_age_seconds', 'Age of the oldest of them', async () => {
    const { oldestAt } = await outbox()
    return oldestAt === undefined ? 0 : Math.max(0, clock.now() - oldestAt) / 1000
  })
  gauge(
    registry,
    'relay_deliveries_in_memory',
    'Deliveries that need no read before their attempt',
    async () => inMemory(),
  )
}

function gauge(registry: Registry, name: string, help: string, read: () => Promise<number>): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      // A store that cannot be read is no reason to have no metrics: NaN is how Prometheus writes "not known".
      this.set(await read().catch(() => Number.NaN))
    },
  })
}

function counter(registry: Registry, name: string, help: string): Counter {
  return new Counter({ name, help, registers: [registry] })
}

/** A counter whose every combination of labels is there from the start, so that rates and alerts see the first one. */
function labelled<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  values: Record<L, readonly string[]>,
): Counter<L> {
  const names = Object.keys(values) as L[]
  const result = new Counter<L>({ name, help, labelNames: names, registers: [registry] })
  for (const combination of combinations(names, values)) result.inc(combination, 0)
  return result
}

function combinations<L extends string>(
  names: L[],
  values: Record<L, readonly string[]>,
): Partial<Record<L, string>>[] {
  let all: Partial<Record<L, string>>[] = [{}]
  for (const name of names)
    all = all.flatMap(known => values[name].map(value => ({ ...known, [name]: value })))
  return all
}

function histogram<L extends string>(
  registry: Registry,
  options: { name: string; help: string; buckets: number[]; labelNames?: L[] },
): Histogram<L> {
  return new Histogram<L>({ ...options, registers: [registry] })
}

function cached<T>(read: () => Promise<T>, clock: Pick<Clock, 'monotonic'>): () => Promise<T> {
  let latest: { at: number; value: Promise<T> } | undefined
  return () => {
    const now = clock.monotonic()
    if (latest === undefined || now - latest.at >= OUTBOX_CACHE_MS) latest = { at: now, value: read() }
    return latest.value
  }
}
