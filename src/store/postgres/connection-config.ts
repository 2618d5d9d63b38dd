import { type ClientConfig, types } from 'pg'
import { SCHEMA } from './schema.ts'

/** Per statement. */
export const STATEMENT_TIMEOUT_MS = 10_000
/** The client gives up later than the server, whose word is certain. */
const LATER_MS = 2_000
/** A heartbeat that takes longer is none. */
const PRESENCE_TIMEOUT_MS = 4_000
const CONNECT_TIMEOUT_MS = 3_000
const KEEPALIVE_MS = 5_000

/** What every session of ours is told, beside what the operator's URL says. */
const COMMON = {
  search_path: SCHEMA,
  lock_timeout: '3000',
  // A session whose client is gone must not keep its locks; what was sent to it must not wait for the system's own patience.
  idle_in_transaction_session_timeout: '10000',
  tcp_user_timeout: '10000',
  tcp_keepalives_idle: '5',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
  // Pays off for queries of seconds; ours only look expensive, because of what is switched off below.
  jit: 'off',
}

/** `maintain`: migrations and partitions, which may take and wait for as long as they need. */
export type Use = 'write' | 'read' | 'presence' | 'maintain'

/**
 * write: the statements on the way of every message are planned once, when their tables may be empty, and must still be right
 * when there are millions of rows: they name rows by key and are joined in memory, never the other way round.
 */
const SETTINGS: Record<Use, Record<string, string>> = {
  write: { ...COMMON, plan_cache_mode: 'force_generic_plan', enable_seqscan: 'off', enable_nestloop: 'off' },
  read: COMMON,
  presence: COMMON,
  maintain: { ...COMMON, lock_timeout: '0', idle_in_transaction_session_timeout: '0' },
}

/** `timeoutMs`: per statement. */
export function connectionConfig(
  url: string,
  use: Use,
  timeoutMs: number = STATEMENT_TIMEOUT_MS,
): ClientConfig {
  const { url: connectionString, options: operators } = withoutOptions(url)
  const statementMs = timeoutOf(use, timeoutMs)
  const settings = { ...SETTINGS[use], statement_timeout: String(statementMs) }
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`)
  return {
    connectionString,
    // The operator's come last, and win.
    options: [...options, ...operators].join(' '),
    application_name: `push-relay ${use}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: statementMs === 0 ? 0 : statementMs + LATER_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_MS,
    types: { getTypeParser },
  }
}

function timeoutOf(use: Use, timeoutMs: number): number {
  if (use === 'maintain') return 0
  return use === 'presence' ? Math.min(timeoutMs, PRESENCE_TIMEOUT_MS) : timeoutMs
}

// The client lets the URL's options replace ours.
function withoutOptions(text: string): { url: string; options: string[] } {
  const url = new URL(text)
  const options = url.searchParams.getAll('options')
  url.searchParams.delete('options')
  return { url: url.href, options }
}

const INT8 = 20

// Ours are instants and counters, far below 2^53. Leases are larger, and are never read.
function getTypeParser(oid: number, format?: 'text' | 'binary') {
  return oid === INT8 ? Number : types.getTypeParser(oid, format as 'text')
}
