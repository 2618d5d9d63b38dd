import { isIP } from 'node:net'
import { isPublicAddress } from './public-address.ts'

/** Where a push resource is (RFC 8030 §2). The whole is a capability, so a secret; the host alone is not. */
export interface Endpoint {
  /** In the one spelling that the URL parser makes of it. */
  href: string
  origin: string
  /** `host[:port]`. */
  host: string
  /** Path and query. Secret. */
  path: string
}

export type EndpointCheck = { ok: true; endpoint: Endpoint } | { ok: false; problem: string }

/** Generous: browsers need 300, UnifiedPush (AND_3) allows 1000. */
export const MAX_ENDPOINT_LENGTH = 2048
/** Scheme, authority without user, path and query without fragment, in visible ASCII and without backslashes. */
const SHAPE = /^https:\/\/[^\s/?#@\\]+(?:[/?][!-~]*)?$/
const HOST_NAME = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/
/** Names that never lead to the public internet (RFC 6761, 6762, 7686, 8375, and ICANN's of 2024). */
const SPECIAL_NAME = /(?:^|\.)(?:localhost|local|internal|invalid|test|onion|home\.arpa)$/

/**
 * The endpoint that a client chose, if a request may go there: https, no user, no fragment, and either an origin of the
 * operator's list or a name or address of the public internet. Pure: what a name resolves to is checked where it is
 * connected to.
 */
export function checkEndpoint(text: string, allowedOrigins: readonly string[] | undefined): EndpointCheck {
  if (text.length > MAX_ENDPOINT_LENGTH) return refused(`is longer than ${MAX_ENDPOINT_LENGTH} characters`)
  if (!SHAPE.test(text) || /[#\\]/.test(text) || !URL.canParse(text)) {
    return refused('must be an https URL without user, fragment or spaces')
  }
  const url = new URL(text)
  const problem = allowedOrigins === undefined ? publicProblem(url) : listProblem(url, allowedOrigins)
  if (problem !== undefined) return refused(problem)
  const { href, origin, host } = url
  return { ok: true, endpoint: { href, origin, host, path: href.slice(origin.length) } }
}

function listProblem({ origin }: URL, allowedOrigins: readonly string[]): string | undefined {
  return allowedOrigins.includes(origin) ? undefined : 'is not at a push service that this relay allows'
}

function publicProblem({ hostname, port }: URL): string | undefined {
  // A server that answers TLS below 1024 and not on 443 is a mail server or another stranger to HTTP.
  if (port !== '' && Number(port) < 1024) return 'must use port 443, or one from 1024 on'
  const address = hostname.replace(/^\[|\]$/g, '')
  const isPublic = isIP(address) === 0 ? isPublicName(hostname) : isPublicAddress(address)
  return isPublic ? undefined : 'must be at a public address'
}

function isPublicName(hostname: string): boolean {
  return HOST_NAME.test(hostname) && hostname.length <= 253 && !SPECIAL_NAME.test(hostname)
}

function refused(problem: string): EndpointCheck {
  return { ok: false, problem }
}
