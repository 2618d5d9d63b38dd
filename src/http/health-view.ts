import type { ProviderName } from '../domain/registration.ts'
import type { OutboxStats } from '../store/store.ts'
import type { StoreHealth } from '../store/store-unavailable.ts'
import { instant } from './schemas/common.ts'

/** What the dispatcher and the providers say about themselves; app.ts puts it together. */
export interface RelayHealth {
  providers: ReadonlyMap<ProviderName, ProviderCondition>
  /** Topics of which so many tokens are misaddressed that our own configuration must be wrong. */
  waves: readonly WaveWarning[]
}

export interface ProviderCondition {
  connection: 'idle' | 'ready' | 'down'
  simulated: boolean
  /** Scopes that are paused now. */
  scopes: readonly PausedScope[]
}

export interface PausedScope {
  scope: string
  /** `unsent`: it cannot be reached; `deferred`: it told us to wait; `blocked`: our credential or configuration is wrong. */
  kind: 'unsent' | 'deferred' | 'blocked'
  reason: string
  since: number
  /** Of a server that some client chose: nobody need worry. */
  isMinor?: boolean
}

export interface WaveWarning {
  provider: ProviderName
  topic: string
  misaddressed: number
  recipients: number
}

export type ProviderState = 'idle' | 'ready' | 'paused' | 'blocked' | 'down'
export type HealthStatus = 'ok' | 'degraded' | 'down'

export interface PublicHealth {
  status: HealthStatus
  version: string
  providers: Record<string, { state: ProviderState; simulated?: true }>
}

export interface HealthInput {
  relay: RelayHealth
  store: StoreHealth
  isStopping: boolean
  version: string
}

/** What anybody may know: whether it works, not why it does not. */
export function publicHealth({ relay, store, isStopping, version }: HealthInput): PublicHealth {
  const providers = [...relay.providers].map(([name, condition]) => [
    name,
    { state: stateOf(condition), ...(condition.simulated ? { simulated: true } : {}) },
  ])
  const isDown = isStopping || !store.writable
  const status = isDown ? 'down' : isDegraded(relay) ? 'degraded' : 'ok'
  return { status, version, providers: Object.fromEntries(providers) }
}

/** The worst that holds for any scope that matters. A provider that nobody needed yet is idle, and that is fine. */
export function stateOf({ connection, scopes }: ProviderCondition): ProviderState {
  const kinds = new Set(scopes.filter(({ isMinor }) => !isMinor).map(({ kind }) => kind))
  if (kinds.has('blocked')) return 'blocked'
  if (kinds.has('deferred')) return 'paused'
  return kinds.has('unsent') ? 'down' : connection
}

function isDegraded({ providers, waves }: RelayHealth): boolean {
  const states = [...providers.values()].map(stateOf)
  return waves.length > 0 || states.some(state => state !== 'idle' && state !== 'ready')
}

export interface OperatorInput extends HealthInput {
  role: string
  uptimeSeconds: number
  outbox: OutboxStats | undefined
  now: number
}

/** The same with reasons, for operators. */
export function operatorHealth(input: OperatorInput) {
  const { relay, store, outbox, now } = input
  const shown = publicHealth(input)
  const providers = [...relay.providers].map(([name, { scopes }]) => [
    name,
    { ...shown.providers[name], scopes: scopes.map(toScopeView) },
  ])
  return {
    ...shown,
    providers: Object.fromEntries(providers),
    role: input.role,
    uptimeSeconds: Math.floor(input.uptimeSeconds),
    store: store.writable ? { writable: true } : { writable: false, reason: store.reason },
    ...(outbox === undefined ? {} : { outbox: toOutboxView(outbox, now) }),
    warnings: relay.waves.map(wave => ({ kind: 'misaddressed-wave', ...wave })),
  }
}

function toScopeView({ scope, kind, reason, since }: PausedScope) {
  return { scope, kind, reason, since: instant(since) }
}

function toOutboxView({ pending, oldestAt }: OutboxStats, now: number) {
  const oldestMs = oldestAt === undefined ? 0 : Math.max(0, now - oldestAt)
  return { pending, oldestSeconds: Math.floor(oldestMs / 1000) }
}
