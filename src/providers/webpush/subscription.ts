import { isPoint } from './p256.ts'

/** The two keys that a browser hands out with an endpoint (RFC 8291 §2, §3.1). */
export interface SubscriptionKeys {
  /** An uncompressed point of P-256, 65 octets. */
  p256dh: Buffer
  /** 16 octets. Secret. */
  auth: Buffer
}

/**
 * The one text under which a subscription is kept: `<endpoint>#<p256dh>.<auth>`. An endpoint has no fragment, so nothing
 * else can stand behind the first `#`. One text, because the registry knows one secret per registration, compares it to
 * find a former owner, and shows its hash: all three are about endpoint and keys together, of which none works alone.
 */
export function toToken(href: string, keys: SubscriptionKeys): string {
  return `${href}#${keys.p256dh.toString('base64url')}.${keys.auth.toString('base64url')}`
}

export function fromToken(token: string): { endpoint: string; keys: SubscriptionKeys } | undefined {
  const at = token.indexOf('#')
  const [p256dh = '', auth = ''] = token.slice(at + 1).split('.')
  const keys = parseKeys({ p256dh, auth })
  return at < 0 || keys === undefined ? undefined : { endpoint: token.slice(0, at), keys }
}

/** `host[:port]` of a token, without looking at the rest of it: this is asked for each delivery, several times. */
export function hostOf(token: string): string {
  const start = 'https://'.length
  const end = token.indexOf('/', start)
  return token.slice(start, end < 0 ? undefined : end)
}

/** Undefined unless both are what a browser hands out. Padding and the other base64 alphabet are forgiven. */
export function parseKeys(texts: { p256dh: string; auth: string }): SubscriptionKeys | undefined {
  const p256dh = decode(texts.p256dh)
  const auth = decode(texts.auth)
  if (p256dh === undefined || !isPoint(p256dh) || auth?.length !== 16) return undefined
  return { p256dh, auth }
}

function decode(text: string): Buffer | undefined {
  return /^[A-Za-z0-9_+/-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64url') : undefined
}
