import { domainToASCII, domainToUnicode } from 'node:url'
import { ZEROPUSH_DOMAIN } from './zeropush-recipient.ts'

/** Longest local part, domain and resource, in UTF-8 bytes, once normalised (RFC 7622 §3.2–3.4). */
const MAX_PART_BYTES = 1023
/** Normalising can shorten a part (full-width letters do, three to one); beyond this nothing valid is left. */
const MAX_RAW_UNITS = 4 * MAX_PART_BYTES

export type JidProblem = 'no domain' | 'invalid domain' | 'no local part' | 'invalid local part' | 'too long'

/** `jid` is the only form in which JIDs are compared and stored; `local` is empty in the JID of a server. */
export type JidResult =
  | { ok: true; jid: string; local: string; domain: string }
  | { ok: false; problem: JidProblem }

export type DomainResult = { ok: true; domain: string } | { ok: false; problem: JidProblem }

/** A bare JID, normalised; a resource is dropped. Never throws. `example.org`, the JID of a server, is valid. */
export function parseBareJid(text: string): JidResult {
  const slash = text.indexOf('/')
  if (slash >= 0 && Buffer.byteLength(text) - Buffer.byteLength(text.slice(0, slash)) - 1 > MAX_PART_BYTES) {
    return { ok: false, problem: 'too long' }
  }
  // Split first, prepare after: preparing can make an `@` or a `/` out of other characters (RFC 7622 §3.1).
  const bare = slash < 0 ? text : text.slice(0, slash)
  const at = bare.indexOf('@')
  const domain = normaliseDomain(bare.slice(at + 1))
  if (!domain.ok) return domain
  if (at < 0) return { ok: true, jid: domain.domain, local: '', domain: domain.domain }
  const local = normaliseLocal(bare.slice(0, at))
  if (!local.ok) return local
  return { ok: true, jid: `${local.local}@${domain.domain}`, local: local.local, domain: domain.domain }
}

/** As parseBareJid, for whoever must be an account: the JID of a server is a problem. */
export function parseAccountJid(text: string): JidResult {
  const parsed = parseBareJid(text)
  return parsed.ok && parsed.local === '' ? { ok: false, problem: 'no local part' } : parsed
}

/** A JID, or a local part alone, which `domain` completes. */
export function completeJid(localOrJid: string, domain: string | undefined): JidResult {
  if (hasDomain(localOrJid)) return parseAccountJid(localOrJid)
  if (domain === undefined) return { ok: false, problem: 'no domain' }
  const slash = localOrJid.indexOf('/')
  const [local, resource] =
    slash < 0 ? [localOrJid, ''] : [localOrJid.slice(0, slash), localOrJid.slice(slash)]
  return parseAccountJid(`${local}@${domain}${resource}`)
}

/** Whether `text` says which domain it belongs to: an `@` outside the resource. */
export function hasDomain(text: string): boolean {
  const slash = text.indexOf('/')
  const at = text.indexOf('@')
  return at >= 0 && (slash < 0 || at < slash)
}

// domainToASCII would take these as the end of the host, percent-decode them, or drop them. Letters, digits, `-`, `.`
// and, because Docker and Active Directory names have it, `_` are what remains of ASCII.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be here
const NOT_IN_DOMAIN = /[\x00-,/:-@[-^`{-\x7f]/
const IPV6_LITERAL = /^\[[0-9A-Fa-f:.]+\]$/
const LABEL_END = /[.。．｡]/
const LONGEST_LABEL = 63
const NOT_ASCII = /[\u0080-\uffff]/
const NUMERIC_HOST = /^[\d.]+$/

/**
 * A domain or an IP literal in its one form: lower case, U-labels (RFC 7622 §3.2.1), without the final dot. IDNA is that
 * of URLs (UTS #46, not transitional), which takes more than IDNA2008 does, as XMPP servers do. The relay's own domain is
 * nobody's.
 */
export function normaliseDomain(text: string): DomainResult {
  if (text.length > MAX_RAW_UNITS) return { ok: false, problem: 'too long' }
  if (text === '') return { ok: false, problem: 'no domain' }
  const ascii = toAscii(text)
  if (ascii === undefined) return { ok: false, problem: 'invalid domain' }
  const domain = ascii.includes('xn--') ? domainToUnicode(ascii) : ascii
  if (domain !== ascii && toAscii(domain) !== ascii) return { ok: false, problem: 'invalid domain' }
  if (domain === ZEROPUSH_DOMAIN) return { ok: false, problem: 'invalid domain' }
  return Buffer.byteLength(domain) > MAX_PART_BYTES
    ? { ok: false, problem: 'too long' }
    : { ok: true, domain }
}

function toAscii(text: string): string | undefined {
  if (!hasHostCharacters(text) || hasLongLabel(text)) return undefined
  const ascii = domainToASCII(text).replace(/\.$/, '')
  if (!hasHostCharacters(ascii) || ascii.split('.').includes('')) return undefined
  return isDisguisedIpv4(ascii, text) ? undefined : ascii
}

/**
 * No DNS label is longer than 63 (RFC 1035 §2.3.4), and an A-label is longer than what it stands for. Punycode's encoder
 * needs more than linear time, so one of thousands of characters must not reach it: 10 ms each (measured).
 */
function hasLongLabel(text: string): boolean {
  return text.split(LABEL_END).some(label => label.length > LONGEST_LABEL && NOT_ASCII.test(label))
}

function hasHostCharacters(text: string): boolean {
  return !NOT_IN_DOMAIN.test(text) || IPV6_LITERAL.test(text)
}

// URLs read `127.1`, `0x7f000001` and `010.0.0.1` as IPv4 addresses; in a JID only the plain form is one.
function isDisguisedIpv4(ascii: string, text: string): boolean {
  return NUMERIC_HOST.test(ascii) && ascii !== text.normalize('NFKC').replace(/[.。]$/, '')
}

// What nodeprep maps to nothing (RFC 3454 B.1): invisible, so no account differs from another only by these.
const MAPPED_TO_NOTHING =
  /\u034f|[\u180b-\u180d]|[\ufe00-\ufe0f]|[\u00ad\u1806\u200b\u200c\u2060\ufeff]|\u200d/gu
const NOT_IN_LOCAL = /["&'/:<>@\p{Z}\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}]/u

/** What nearly every local part is already: nothing to normalise. */
const PLAIN_LOCAL = /^[a-z0-9._-]+$/

type LocalResult = { ok: true; local: string } | { ok: false; problem: JidProblem }

/**
 * UsernameCaseMapped (RFC 7622 §3.3), and what ejabberd's nodeprep takes besides: symbols, emoji and compatibility
 * characters; no rule for mixed directions. For what the profile allows, NFKC and a width mapping with NFC agree. Unlike
 * nodeprep, `ß` stays `ß` and is not `ss`: two accounts, says RFC 7622 §3.5, and a push must not go to the wrong one.
 */
function normaliseLocal(text: string): LocalResult {
  if (text === '') return { ok: false, problem: 'no local part' }
  if (text.length > MAX_RAW_UNITS) return { ok: false, problem: 'too long' }
  const local = PLAIN_LOCAL.test(text) ? text : mapLocal(text)
  if (local === '' || NOT_IN_LOCAL.test(local)) return { ok: false, problem: 'invalid local part' }
  return Buffer.byteLength(local) > MAX_PART_BYTES ? { ok: false, problem: 'too long' } : { ok: true, local }
}

function mapLocal(text: string): string {
  const visible = text.replace(MAPPED_TO_NOTHING, '').normalize('NFKC')
  return lowerCase(visible).normalize('NFKC')
}

// Character by character: toLowerCase of a whole word makes its last Σ a ς, which is another letter in a JID.
function lowerCase(text: string): string {
  return Array.from(text, character => character.toLowerCase()).join('')
}
