export type Parameters = Readonly<Record<string, unknown>>

export interface SentParameters {
  /** Without `?`. */
  query: string
  contentType: string
  body: string
}

export interface ReadParameters {
  parameters: Parameters
  /** Whether objects had to be written as texts. */
  isForm: boolean
}

const MAX_DEPTH = 5

/** Query and body together, whatever the method; the body wins. Undefined for a body that is not what it says it is. */
export function readParameters({ query, contentType, body }: SentParameters): ReadParameters | undefined {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  const fromQuery = decodeForm(query)
  if (fromQuery === undefined) return undefined
  if (type === 'application/json') {
    const fromBody = parseObject(body === '' ? '{}' : body)
    return fromBody && { parameters: { ...fromQuery, ...fromBody }, isForm: false }
  }
  // A form is also what has no type. The body of any other type is passed over, as by Rails.
  const isForm = type === '' || type === 'application/x-www-form-urlencoded'
  const fromBody = decodeForm(isForm ? body : '')
  return fromBody && { parameters: { ...fromQuery, ...fromBody }, isForm: true }
}

function parseObject(text: string): Parameters | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** `a=1&b[]=2&b[]=3&c[d]=4`, with brackets raw or percent-encoded. Clients write raw UTF-8 as well as `%XX`. */
function decodeForm(text: string): Parameters | undefined {
  const root: Record<string, unknown> = Object.create(null)
  const pairs = text.split('&').filter(pair => pair !== '')
  return pairs.every(pair => add(root, pair)) ? root : undefined
}

/** False when the pair is malformed, or contradicts one before. */
function add(root: Record<string, unknown>, pair: string): boolean {
  const split = pair.includes('=') ? pair.indexOf('=') : pair.length
  const name = decode(pair.slice(0, split))
  const value = decode(pair.slice(split + 1))
  const path = name === undefined ? undefined : pathOf(name)
  return path !== undefined && value !== undefined && assign(root, path, value)
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

/** `a[b][]` is `a`, `b`, and nothing: the next of a list. */
function pathOf(name: string): [string, ...string[]] | undefined {
  const match = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name)
  if (match === null) return undefined
  const [, first = '', rest = ''] = match
  const others = Array.from(rest.matchAll(/\[([^[\]]*)\]/g), ([, key = '']) => key)
  return others.length < MAX_DEPTH ? [first, ...others] : undefined
}

/** False when two parameters contradict each other, one saying a text where the other says an object or a list. */
function assign(target: Record<string, unknown>, path: readonly string[], value: string): boolean {
  const [key = '', next, ...rest] = path
  if (next === undefined) {
    target[key] = value
    return true
  }
  if (next === '') {
    const list = target[key] ?? []
    if (!Array.isArray(list) || rest.length > 0) return false
    target[key] = [...list, value]
    return true
  }
  const inner = target[key] ?? Object.create(null)
  target[key] = inner
  return isObject(inner) && assign(inner as Record<string, unknown>, [next, ...rest], value)
}

export function isObject(value: unknown): value is Parameters {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
