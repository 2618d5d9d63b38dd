import { posix } from 'node:path'
import { COMPUTED, type Import, scanImports, withoutComments } from './import-scanner.ts'

/** Sources by their path below src/. */
export type Sources = ReadonlyMap<string, string>

/** What a provider reads its own variables with. */
const CONFIG_KIT = [
  ...['parsers', 'parsed', 'described', 'authority', 'service-url'].map(name => `config/${name}.ts`),
  ...['reading', 'variable'].map(name => `types config/${name}.ts`),
]

const STORE_PORTS = [
  ...['store/store.ts', 'store/store-unavailable.ts', 'store/unusable-store.ts'],
  'store/zeropush-registry.ts',
]

/**
 * Who may import whom. The first area that is a prefix of a file's path is the file's own; within its area a file imports
 * what it likes. `*`: one name. `types …`: only what is erased before the code runs.
 */
const AREAS: [area: string, mayImport: string[]][] = [
  ['domain/', []],
  ['config/', ['domain/']],
  ['telemetry/', ['domain/']],
  ['store/store.ts', ['domain/', 'store/store-unavailable.ts']],
  ['store/store-unavailable.ts', []],
  ['store/unusable-store.ts', []],
  ['store/zeropush-registry.ts', ['domain/', 'store/store.ts']],
  ['store/shared/', ['domain/', ...STORE_PORTS]],
  ['store/sqlite/', ['domain/', 'store/shared/', ...STORE_PORTS]],
  ['store/postgres/', ['domain/', 'store/shared/', ...STORE_PORTS]],
  // The list knows every folder; a folder knows none of the others.
  ['providers/providers.ts', ['providers/']],
  ['providers/*/', ['domain/', ...CONFIG_KIT, 'providers/*.ts', 'http1/', 'http2/']],
  ['providers/', ['domain/', ...CONFIG_KIT, 'types http1/']],
  ['http1/', []],
  ['http2/', []],
  ['simulator/', ['domain/']],
  ['intake/', ['domain/', ...STORE_PORTS, 'telemetry/']],
  [
    'dispatch/',
    ['domain/', 'store/store.ts', 'store/store-unavailable.ts', 'providers/provider.ts', 'telemetry/'],
  ],
  ['http/', ['domain/', 'types config/', 'intake/', ...STORE_PORTS, 'telemetry/']],
  // app.ts knows every part; start-*.ts are its own chapters.
  [
    'start-',
    [
      ...['start-', 'domain/', 'types config/', 'types intake/', 'store/', 'dispatch/', 'providers/'],
      ...['simulator/', 'telemetry/'],
    ],
  ],
  [
    'app.ts',
    [
      ...['start-', 'domain/', 'types config/', 'http/', 'intake/', 'store/', 'dispatch/', 'providers/'],
      ...['simulator/', 'telemetry/'],
    ],
  ],
  ['main.ts', ['app.ts', 'config/']],
  ['move.ts', ['store/']],
  [
    'cli-stores.ts',
    [
      ...['move.ts', 'config/', 'domain/clock.ts'],
      ...['store/sqlite/migrate-file.ts', 'store/postgres/migrate-database.ts', 'store/unusable-store.ts'],
    ],
  ],
  // `check-store` and `vapid-keys` do one thing without starting the relay, so they go past app.ts to that one function.
  [
    'cli.ts',
    [
      ...['main.ts', 'app.ts', 'cli-stores.ts', 'config/', 'providers/providers.ts', 'simulator/'],
      ...['providers/webpush/vapid-keys.ts', 'store/sqlite/check-store.ts'],
    ],
  ],
]

const COMPOSITION = ['app.ts', 'start-', 'main.ts']
const SOCKETS = ['http1/', 'http2/', 'providers/', 'simulator/']
const FILES = ['config/', 'store/sqlite/', 'simulator/', 'app.ts', 'main.ts', 'cli.ts']
const PURE = [
  'node:assert/strict',
  'node:buffer',
  'node:crypto',
  'node:events',
  'node:path',
  'node:stream',
  'node:url',
  'node:util',
]

/** Where a package may be imported. One that is not here has no home yet: that is a decision, so it goes into this list. */
const PACKAGES: [pattern: RegExp, homes: string[]][] = [
  [new RegExp(`^(?:${PURE.join('|')})$`), ['']],
  [/^(?:fastify|fastify-plugin|@fastify\/.+)$/, ['http/', ...COMPOSITION]],
  // Providers say in it what a registration must hold.
  [/^typebox(?:\/.+)?$/, ['http/', 'providers/']],
  [/^helmet$/, ['http/plugins/security-headers.ts']],
  [/^node:sqlite$/, ['store/sqlite/']],
  [/^node:worker_threads$/, ['store/sqlite/']],
  [/^pg$/, ['store/postgres/']],
  [/^node:(?:net|tls|http|https|http2|dgram|dns)$/, SOCKETS],
  [/^node:fs(?:\/promises)?$/, FILES],
  [/^pino$/, ['telemetry/', ...COMPOSITION]],
  [/^prom-client$/, ['telemetry/']],
  [/^close-with-grace$/, ['main.ts']],
  // Keys are read in config, checked in http, and sign in providers.
  [/^jose$/, ['config/', 'http/', 'providers/']],
  [/^node-forge$/, ['providers/apns/']],
  [/^selfsigned$/, ['simulator/']],
  [/^apn$/, ['providers/apns/']],
  [/^http_ece$/, ['providers/webpush/']],
  [/^uuid$/, ['domain/']],
]

/** Files that step over a fence, each for a reason that somebody can judge. */
const EXCEPTIONS: Record<string, string[]> = {
  // isIP and BlockList check RELAY_TRUST_PROXY, isIP what a proxy forwards; no socket is opened.
  'node:net': ['config/parsers.ts', 'http/plugins/rate-limits.ts'],
  'node:http': ['http/envelope.ts'], // STATUS_CODES, a table
}

/** Words that have one home, with the files that may say them. */
const WORDS: [name: string, word: RegExp, homes: string[]][] = [
  ['process.env', /\bprocess\.env\b|\benv\b.*from 'node:process'/, ['config/environment.ts']],
  [
    'the time, a timer or chance',
    /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.now\b|\bhrtime\b|\bset(?:Timeout|Interval)\(|'node:timers|\bAbortSignal\.timeout\b/,
    ['domain/clock.ts'],
  ],
  // One turn of the event loop is what shares a commit, or a write to the network; that is no time.
  ['setImmediate', /\bsetImmediate\(/, ['store/shared/write-queue.ts', 'http2/outbox.ts']],
  ['a socket', /(?<![.\w])fetch\(|\bnew WebSocket\(/, SOCKETS],
  ['require', /(?<![.\w])require\(|\bcreateRequire\b|\bgetBuiltinModule\b/, []],
]

/** Every departure from the rules, one line each. */
export function violations(sources: Sources): string[] {
  return [...sources].flatMap(([path, source]) => {
    const imports = scanImports(source)
    return [
      ...forbiddenImports(path, imports, sources),
      ...WORDS.filter(([, word, homes]) => word.test(withoutComments(source)) && !isIn(path, homes)).map(
        ([name]) => `${path} uses ${name}`,
      ),
      ...(isForwarding(path, source) ? [`${path} only forwards`] : []),
    ]
  })
}

function forbiddenImports(path: string, imports: Import[], sources: Sources): string[] {
  const [pattern, allowed] = AREAS.find(([prefix]) => isIn(path, [prefix])) ?? [path, []]
  const [area = ''] = toRegExp(pattern).exec(path) ?? []
  return imports.flatMap(({ specifier, isTypeOnly }) => {
    const homes = [area, ...allowed.map(home => (isTypeOnly ? home.replace(/^types /, '') : home))]
    const isAllowed = specifier.startsWith('.')
      ? isIn(resolve(path, specifier), homes)
      : specifier !== COMPUTED && mayUse(path, specifier, isTypeOnly)
    return isAllowed && isThere(path, specifier, sources) ? [] : [`${path} imports ${specifier}`]
  })
}

function isThere(path: string, specifier: string, sources: Sources): boolean {
  return !specifier.startsWith('.') || sources.has(resolve(path, specifier))
}

function mayUse(path: string, specifier: string, isTypeOnly: boolean): boolean {
  const homes = PACKAGES.find(([pattern]) => pattern.test(specifier))?.[1]
  if (homes === undefined) return false
  // The type of a socket opens none.
  if (isTypeOnly && specifier.startsWith('node:')) return true
  return isIn(path, [...homes, ...(EXCEPTIONS[specifier] ?? [])])
}

/** Each cycle once, as the files on it. */
export function cycles(sources: Sources): string[] {
  const found = new Set<string>()
  const done = new Set<string>()
  const visit = (path: string, trail: string[]) => {
    if (trail.includes(path)) {
      found.add([...trail.slice(trail.indexOf(path)), path].join(' → '))
      return
    }
    if (done.has(path)) return
    for (const target of targets(path, sources)) visit(target, [...trail, path])
    done.add(path)
  }
  for (const path of sources.keys()) visit(path, [])
  return [...found]
}

/** Files that nothing reaches from these entries. */
export function unreachable(sources: Sources, entries: string[]): string[] {
  const reached = new Set<string>()
  const visit = (path: string) => {
    if (reached.has(path)) return
    reached.add(path)
    for (const target of targets(path, sources)) visit(target)
  }
  for (const entry of entries) visit(entry)
  return [...sources.keys()].filter(path => !reached.has(path))
}

/** The packages of npm that these sources import. */
export function npmPackages(sources: Sources): Set<string> {
  const specifiers = [...sources.values()].flatMap(source =>
    scanImports(source).map(({ specifier }) => specifier),
  )
  const outside = specifiers.filter(specifier => !/^(?:\.|node:)/.test(specifier))
  return new Set(outside.map(specifier => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')))
}

function targets(path: string, sources: Sources): string[] {
  const own = scanImports(sources.get(path) ?? '').filter(({ specifier }) => specifier.startsWith('.'))
  return own.map(({ specifier }) => resolve(path, specifier)).filter(target => sources.has(target))
}

function isForwarding(path: string, source: string): boolean {
  const rest = withoutComments(source).replace(
    /^export\s+(?:type\s+)?(?:\*[^\n]*|\{[^}]*\})\s*from\s+'[^']+'$/gm,
    '',
  )
  return posix.basename(path) === 'index.ts' || rest.trim() === ''
}

function resolve(path: string, specifier: string): string {
  return posix.join(posix.dirname(path), specifier)
}

function isIn(path: string, homes: string[]): boolean {
  return homes.some(home => toRegExp(home).test(path))
}

/** A path begins so; `*` is one name. */
function toRegExp(home: string): RegExp {
  const names = home.split('*').map(text => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${names.join('[^/]+')}`)
}
