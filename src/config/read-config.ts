import { readApnsConfig } from './apns-config.ts'
import type { Config } from './config.ts'
import { readJwtConfig } from './jwt-keys.ts'
import { type ConfigSources, systemSources } from './key-file.ts'
import { nearestName } from './nearest-name.ts'
import { Problems } from './problems.ts'
import { VARIABLE_NAMES, VARIABLES, type Values, type VariableKey } from './variables.ts'

export type ConfigResult = { ok: true; config: Config } | { ok: false; problems: string[] }

/** The RELAY_* variables as they were given. */
export type RelayEnvironment = Readonly<Record<string, string | undefined>>

/** Provider timeout < drain < this < the patience of systemd (90 s) and Kubernetes (30 s) before they kill. */
export const SHUTDOWN_MS = 25_000

/** Checks everything and reports every problem at once, by variable and never with its value. */
export function readConfig(env: RelayEnvironment, sources: ConfigSources = systemSources): ConfigResult {
  const problems = new Problems()
  reportUnknown(env, problems)
  const given = givenKeys(env)
  const values = parseValues(env, problems)
  for (const key of ['hookTokens', 'adminTokens'] as const) {
    if (!given.has(key)) problems.add(VARIABLES[key].name, 'is required and missing')
  }
  reportSharedTokens(values, problems)
  const jwt = readJwtConfig(values, sources, problems)
  const apns = readApnsConfig({ values, given, sources, problems })
  reportNoProvider(values, given, problems)
  reportSharedPort(values, problems)
  if (problems.lines.length > 0) return { ok: false, problems: problems.lines }
  return { ok: true, config: buildConfig(values as Values, jwt, apns) }
}

/** Where the database is, whatever else may be wrong; undefined when RELAY_STORE itself is. */
export function readStoreLocation(env: RelayEnvironment): Config['store'] | undefined {
  const parsed = VARIABLES.store.parse(textOf(env, 'store') ?? VARIABLES.store.default)
  return parsed.ok ? parsed.value : undefined
}

/** An empty text is no text: compose files and `.env.example` leave variables empty. */
function textOf(env: RelayEnvironment, key: VariableKey): string | undefined {
  const text = env[VARIABLES[key].name]
  if (text === undefined || text.trim() === '') return undefined
  // Spaces may belong to a passphrase; everywhere else they are slips.
  return key === 'apnsCertPassphrase' ? text : text.trim()
}

function allKeys(): VariableKey[] {
  return Object.keys(VARIABLES) as VariableKey[]
}

function givenKeys(env: RelayEnvironment): Set<VariableKey> {
  return new Set(allKeys().filter(key => textOf(env, key) !== undefined))
}

function parseValues(env: RelayEnvironment, problems: Problems): Partial<Values> {
  const values: Partial<Record<VariableKey, unknown>> = {}
  for (const key of allKeys()) {
    const variable = VARIABLES[key]
    const text = textOf(env, key) ?? variable.default
    if (text === undefined) continue
    const parsed = variable.parse(text)
    if (parsed.ok) values[key] = parsed.value
    else for (const problem of parsed.problems) problems.add(variable.name, problem)
  }
  return values as Partial<Values>
}

function reportUnknown(env: RelayEnvironment, problems: Problems): void {
  for (const name of Object.keys(env).sort()) {
    if (VARIABLE_NAMES.includes(name)) continue
    const nearest = nearestName(name, VARIABLE_NAMES)
    problems.add(name, nearest ? `is not known; did you mean ${nearest}?` : 'is not known')
  }
}

/** A token in both lists would give every chat server the operators' rights. */
function reportSharedTokens(values: Partial<Values>, problems: Problems): void {
  const admin = new Set(values.adminTokens)
  if (values.hookTokens?.some(({ token }) => admin.has(token))) {
    problems.add(VARIABLES.adminTokens.name, `holds a token that is also in ${VARIABLES.hookTokens.name}`)
  }
}

function reportNoProvider(
  values: Partial<Values>,
  given: ReadonlySet<VariableKey>,
  problems: Problems,
): void {
  if (values.apnsEnvironment === 'simulator' || values.apnsEnvironment === undefined) return
  if ([...given].some(key => key.startsWith('apns') && key !== 'apnsEnvironment')) return
  problems.add(
    VARIABLES.apnsTopics.name,
    `no push provider is configured; set the RELAY_APNS_* variables, or ${VARIABLES.apnsEnvironment.name}=simulator to try`,
  )
}

function reportSharedPort(values: Partial<Values>, problems: Problems): void {
  if (values.apnsEnvironment !== 'simulator' || values.port === 0) return
  if (values.port === values.simulatorPort) {
    problems.add(VARIABLES.simulatorPort.name, `must differ from ${VARIABLES.port.name}`)
  }
}

function buildConfig(values: Values, jwt: Config['jwt'], apns: Config['apns']): Config {
  return {
    host: values.host,
    port: values.port,
    trustProxy: values.trustProxy,
    corsOrigins: values.corsOrigins ?? [],
    logLevel: values.logLevel,
    hookTokens: values.hookTokens ?? [],
    adminTokens: values.adminTokens ?? [],
    jwt,
    xmppDomain: values.xmppDomain,
    store: values.store,
    messageTtlMs: values.messageTtl,
    traceRetentionMs: values.traceRetention,
    dedupeWindowMs: values.dedupeWindow,
    preview: values.preview,
    previewText: values.previewText,
    maxDevices: values.maxDevices,
    apns,
    simulatorPort: values.simulatorPort,
    shutdownMs: SHUTDOWN_MS,
  }
}
