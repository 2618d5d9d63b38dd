import { BlockList, isIP } from 'node:net'
import { bad, good, type Parsed, parseList } from './parsed.ts'

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
type Unit = keyof typeof UNITS_MS

/** Longest duration that means anything here; keeps sums of instants far from where numbers lose precision. */
const LONGEST_MS = 3650 * UNITS_MS.d

/** `7d`, `72h`, `1h`, `30m`, `10s`; at least `leastMs`. */
export function duration(leastMs: number): (text: string) => Parsed<number> {
  return text => {
    const match = /^(\d{1,9})([smhd])$/.exec(text)
    if (!match) return bad('must be a whole number and a unit: s, m, h or d, such as 30m')
    const ms = Number(match[1]) * UNITS_MS[match[2] as Unit]
    if (ms < leastMs) return bad(`must be at least ${leastMs / 1000}s`)
    return ms > LONGEST_MS ? bad('must be at most 3650d') : good(ms)
  }
}

export function integer(least: number, most: number): (text: string) => Parsed<number> {
  return text => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    return value >= least && value <= most
      ? good(value)
      : bad(`must be a whole number from ${least} to ${most}`)
  }
}

export function oneOf<const T extends readonly string[]>(words: T): (text: string) => Parsed<T[number]> {
  return text => (words.includes(text) ? good(text as T[number]) : bad(`must be one of: ${words.join(', ')}`))
}

export function matching(pattern: RegExp, rule: string): (text: string) => Parsed<string> {
  return text => (pattern.test(text) ? good(text) : bad(`must be ${rule}`))
}

export const anyText = (text: string): Parsed<string> => good(text)

const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/

export function host(text: string): Parsed<string> {
  const looksNumeric = /^[\d.]+$/.test(text)
  if (isIP(text) !== 0 || (HOST_NAME.test(text) && !looksNumeric)) return good(text)
  return bad('must be an IP address (IPv6 without brackets) or a host name, without a port')
}

/** `false`, `true`, or the addresses of the proxies, whose X-Forwarded-For is then believed. */
export function trustProxy(text: string): Parsed<boolean | string[]> {
  if (text === 'false' || text === 'true') return good(text === 'true')
  return parseList(text, (entry, position) =>
    isAddressOrNetwork(entry)
      ? good(entry)
      : bad(`${position}must be false, true, or addresses such as 10.0.0.5 or 10.0.0.0/8, comma-separated`),
  )
}

function isAddressOrNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  if (prefix === undefined) return true
  if (!/^\d{1,3}$/.test(prefix)) return false
  try {
    new BlockList().addSubnet(address, Number(prefix), version === 4 ? 'ipv4' : 'ipv6')
    return true
  } catch {
    // Node says ERR_OUT_OF_RANGE for a prefix longer than the address.
    return false
  }
}

export function origins(text: string): Parsed<string[]> {
  return parseList(text, (entry, position) =>
    isOrigin(entry)
      ? good(entry)
      : bad(`${position}must be an origin such as https://chat.example.org, without a path`),
  )
}

/** As browsers write the Origin header; app shells such as Capacitor use schemes of their own, of which URL knows no origin. */
function isOrigin(text: string): boolean {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+$/.test(text)) return false
  return !/^https?:/.test(text) || (URL.canParse(text) && new URL(text).origin === text)
}

/** The push service's address: https, and nothing but scheme, host and port, because paths are the protocol's. */
export function httpsUrl(text: string): Parsed<string> {
  if (!URL.canParse(text)) return bad('must be a URL such as https://push.example.org:8443')
  const url = new URL(text)
  if (url.protocol !== 'https:') return bad('must begin with https:// (credentials and texts travel there)')
  if (url.username !== '' || url.password !== '') return bad('must not hold a user or password')
  const isBare = url.pathname === '/' && url.search === '' && url.hash === ''
  return isBare ? good(url.origin) : bad('must end after the host and port')
}

/** Words that a phone shows. */
export function shownText(text: string): Parsed<string> {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
  if (/[\u0000-\u001f\u007f]/.test(text)) return bad('must be one line of text')
  return Buffer.byteLength(text) <= 256 ? good(text) : bad('must be at most 256 bytes')
}
