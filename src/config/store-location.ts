import { bad, good, type Parsed } from './parsed.ts'

/** Where accepted messages and registrations are kept. The URL of a server may hold a password. */
export type StoreLocation = { kind: 'sqlite'; path: string } | { kind: 'postgres'; url: string }

/** `sqlite:<path>` or `postgres://…`. */
export function storeLocation(text: string): Parsed<StoreLocation> {
  if (/^postgres(?:ql)?:/i.test(text)) return postgresLocation(text)
  const path = /^sqlite:(.+)$/.exec(text)?.[1]
  if (path === undefined) return bad('must be sqlite:<path of the database file>, or postgres://…')
  if (path.startsWith('//')) return bad('must be sqlite:<path>, without slashes before the path')
  if (path.startsWith(':') || path.endsWith('/')) {
    return bad('must name a file: what is accepted has to survive a restart')
  }
  return good({ kind: 'sqlite', path })
}

/** Of what may follow a `?`; whatever else our client would take, or silently leave. */
const PARAMETERS = ['host', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'options']
/** The other words of libpq promise less than they seem to, or mean something else to our client. */
const SSL_MODES = ['disable', 'verify-full', 'no-verify']

function postgresLocation(text: string): Parsed<StoreLocation> {
  if (!URL.canParse(text)) return bad('must be a URL such as postgres://user:password@host:5432/database')
  const url = new URL(text)
  const problems = [
    ...(url.hostname === '' && !url.searchParams.has('host') ? ['must name a host'] : []),
    ...(/^\/[^/]+$/.test(url.pathname) ? [] : ['must end in the name of a database']),
    ...(url.username === '' ? ['must name a user'] : []),
    ...parameterProblems(url.searchParams),
  ]
  return problems.length > 0 ? bad(...problems) : good({ kind: 'postgres', url: text })
}

function parameterProblems(parameters: URLSearchParams): string[] {
  const isKnown = [...parameters.keys()].every(name => PARAMETERS.includes(name))
  const mode = parameters.get('sslmode')
  return [
    ...(isKnown ? [] : [`may have no parameters but ${PARAMETERS.join(', ')}`]),
    ...(mode === null || SSL_MODES.includes(mode) ? [] : [`sslmode must be one of: ${SSL_MODES.join(', ')}`]),
  ]
}

/** Without the password: one that somebody thought of is found by its hash. */
export function describeStoreLocation(location: StoreLocation): string {
  if (location.kind === 'sqlite') return `sqlite:${location.path}`
  const url = new URL(location.url)
  const secret = url.password === '' ? '' : ' (with a password)'
  url.password = ''
  return `${url.href}${secret}`
}
