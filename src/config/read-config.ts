import { allVariables, type ConfigurableProvider } from './all-variables.ts'
import type { Config } from './config.ts'
import { readJwtConfig } from './jwt-keys.ts'
import { type ConfigSources, systemSources } from './key-file.ts'
import { nearestName } from './nearest-name.ts'
import { Problems } from './problems.ts'
import { Reading, type RelayEnvironment } from './reading.ts'
import { VARIABLES, type Values, type VariableKey, type Variables } from './variables.ts'

export type ConfigResult = { ok: true; config: Config } | { ok: false; problems: string[] }

/** Provider timeout < drain < this < the patience of systemd (90 s) and Kubernetes (30 s) before they kill. */
export const SHUTDOWN_MS = 25_000

/** Checks everything and reports every problem at once, by variable and never with its value. */
export function readConfig(
  env: RelayEnvironment,
  providers: readonly ConfigurableProvider[],
  sources: ConfigSources = systemSources,
): ConfigResult {
  const problems = new Problems()
  const context = { env, sources, problems }
  reportUnknown(env, providers, problems)
  const reading = new Reading(VARIABLES, context)
  reportMissing(reading)
  reportSharedTokens(reading)
  const zeropush = readZeropushConfig(reading)
  const jwt = readJwtConfig(reading.values, sources, problems)
  const configs = new Map<string, unknown>()
  for (const provider of providers) {
    const config = provider.readConfig(new Reading(provider.variables, context))
    if (config !== undefined) configs.set(provider.name, config)
  }
  const isSimulated = providers.some(
    ({ name, isSimulated }) => configs.has(name) && isSimulated?.(configs.get(name)) === true,
  )
  if (isSimulated) reportSharedPort(reading)
  reportLoneRole(reading, isSimulated)
  reportNoProvider(env, providers, problems)
  if (problems.lines.length > 0) return { ok: false, problems: problems.lines }
  return {
    ok: true,
    config: buildConfig(reading.values as Values, { zeropush, jwt, providers: configs, isSimulated }),
  }
}

/** Nobody posts to a worker. */
function reportMissing(reading: Reading<Variables>): void {
  const { role } = reading.values
  const required = role === 'worker' ? (['adminTokens'] as const) : (['hookTokens', 'adminTokens'] as const)
  for (const key of required) {
    if (!reading.has(key)) reading.problem(key, 'is required and missing')
  }
}

/** Where the database is, whatever else may be wrong; undefined when RELAY_STORE itself is. */
export function readStoreLocation(env: RelayEnvironment): Config['store'] | undefined {
  return readVariable(env, 'store')
}

/** One of them alone; undefined when it is wrong, or has no value. */
export function readVariable<K extends VariableKey>(env: RelayEnvironment, key: K): Values[K] | undefined {
  const context = { env, sources: systemSources, problems: new Problems() }
  return new Reading({ [key]: VARIABLES[key] }, context).values[key] as Values[K] | undefined
}

function reportUnknown(
  env: RelayEnvironment,
  providers: readonly ConfigurableProvider[],
  problems: Problems,
): void {
  const known = allVariables(providers).map(variable => variable.name as string)
  for (const name of Object.keys(env).sort()) {
    if (known.includes(name)) continue
    const nearest = nearestName(name, known)
    problems.add(name, nearest ? `is not known; did you mean ${nearest}?` : 'is not known')
  }
}

const TOKEN_LISTS = ['hookTokens', 'adminTokens', 'zeropushServerTokens', 'zeropushAppTokens'] as const

/** A token in two lists would give the holders of one the rights of the other. */
function reportSharedTokens(reading: Reading<Variables>): void {
  const listed = new Map<string, string>()
  for (const key of TOKEN_LISTS) {
    const tokens = (reading.values[key] ?? []).map(entry => (typeof entry === 'string' ? entry : entry.token))
    const others = new Set(tokens.flatMap(token => listed.get(token) ?? []))
    for (const other of others) reading.problem(key, `holds a token that is also in ${other}`)
    for (const token of tokens) listed.set(token, reading.nameOf(key))
  }
}

function readZeropushConfig(reading: Reading<Variables>): Config['zeropush'] {
  if (reading.has('zeropushAppTokens') && !reading.has('zeropushServerTokens')) {
    reading.problem(
      'zeropushAppTokens',
      `needs ${reading.nameOf('zeropushServerTokens')}, without which the API is off`,
    )
  }
  const { zeropushServerTokens: serverTokens, zeropushAppTokens: appTokens = [] } = reading.values
  return serverTokens && { serverTokens, appTokens }
}

function reportNoProvider(
  env: RelayEnvironment,
  providers: readonly ConfigurableProvider[],
  problems: Problems,
): void {
  // What only repeats a default says nothing.
  const isTold = providers
    .flatMap(({ variables }) => Object.values(variables))
    .some(({ name, default: usual = '' }) => !['', usual].includes(env[name]?.trim() ?? ''))
  if (isTold) return
  const names = providers.map(({ name }) => name).join(', ')
  problems.add(
    'RELAY_APNS_TOPICS',
    `no push provider is configured; set the variables of at least one (${names}), or RELAY_APNS_ENVIRONMENT=simulator to try`,
  )
}

function reportSharedPort(reading: Reading<Variables>): void {
  const { port, simulatorPort } = reading.values
  if (port === 0 || port !== simulatorPort) return
  reading.problem('simulatorPort', `must differ from ${VARIABLES.port.name}`)
}

/** The others, who would do the rest, must see the same. */
function reportLoneRole(reading: Reading<Variables>, isSimulated: boolean): void {
  const { role, store } = reading.values
  if (role === undefined || role === 'all') return
  if (store?.kind === 'sqlite') {
    reading.problem(
      'role',
      `must be all with a SQLite file, which nodes cannot share; see ${reading.nameOf('store')}`,
    )
  }
  if (isSimulated) {
    reading.problem('role', 'must be all while a simulator stands in for a provider: it runs inside one node')
  }
}

function buildConfig(
  values: Values,
  rest: Pick<Config, 'zeropush' | 'jwt' | 'providers' | 'isSimulated'>,
): Config {
  return {
    host: values.host,
    port: values.port,
    trustProxy: values.trustProxy,
    corsOrigins: values.corsOrigins ?? [],
    logLevel: values.logLevel,
    hookTokens: values.hookTokens ?? [],
    adminTokens: values.adminTokens ?? [],
    ...rest,
    xmppDomain: values.xmppDomain,
    store: values.store,
    role: values.role,
    messageTtlMs: values.messageTtl,
    traceRetentionMs: values.traceRetention,
    dedupeWindowMs: values.dedupeWindow,
    preview: values.preview,
    previewText: values.previewText,
    maxDevices: values.maxDevices,
    simulatorPort: values.simulatorPort,
    shutdownMs: SHUTDOWN_MS,
  }
}
