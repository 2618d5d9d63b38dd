import { bad, good, type Parsed, parseList } from '../../config/parsed.ts'
import { anyText } from '../../config/parsers.ts'
import type { VariableTable } from '../../config/variable.ts'
import { parsePrivateKey, parsePublicKey } from './vapid-keys.ts'

export const WEBPUSH_VARIABLES = {
  publicKey: {
    name: 'RELAY_WEBPUSH_PUBLIC_KEY',
    default: undefined,
    meaning:
      'Web Push and UnifiedPush: the public VAPID key, as push-relay vapid-keys prints it, with the next two.',
    parse: parsePublicKey,
  },
  privateKey: {
    name: 'RELAY_WEBPUSH_PRIVATE_KEY',
    default: undefined,
    meaning: 'Its private half. Another pair makes every subscription useless.',
    parse: parsePrivateKey,
  },
  subject: {
    name: 'RELAY_WEBPUSH_SUBJECT',
    default: undefined,
    meaning: 'Whom push services may write to: mailto:admin@example.org or https://example.org.',
    parse: subject,
  },
  allowedOrigins: {
    name: 'RELAY_WEBPUSH_ALLOWED_ORIGINS',
    default: undefined,
    meaning:
      'Only these push services, comma-separated https origins, also private ones; empty: any public one.',
    parse: pushOrigins,
  },
  caFile: {
    name: 'RELAY_WEBPUSH_CA_FILE',
    default: undefined,
    meaning: 'PEM of the authority that signed the certificates of those, if it is not a public one.',
    parse: anyText,
  },
} as const satisfies VariableTable

export type WebPushVariables = typeof WEBPUSH_VARIABLES

const MAIL = /^mailto:[A-Za-z0-9._%+-]+@((?:[A-Za-z0-9-]+\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9])$/
/** Apple answers them with 403 BadJwtToken (web-push-libs/web-push issue 947). */
const NOBODY = /(?:^|\.)(?:localhost|local|invalid|test|internal)$/i

/** RFC 8292 §2.1, in the form that all push services take: no spaces or brackets, a name that somebody could reach. */
function subject(text: string): Parsed<string> {
  const host = MAIL.exec(text)?.[1] ?? httpsHost(text)
  if (host === undefined)
    return bad('must be mailto:<address>, or an https:// URL, of whoever runs this relay')
  const isReachable = host.includes('.') && !NOBODY.test(host)
  return isReachable ? good(text) : bad('must name a public domain, or Apple refuses it')
}

function httpsHost(text: string): string | undefined {
  if (!/^https:\/\/[!-~]+$/.test(text) || !URL.canParse(text)) return undefined
  const { hostname, username, password } = new URL(text)
  return username === '' && password === '' ? hostname : undefined
}

function pushOrigins(text: string): Parsed<string[]> {
  return parseList(text, (entry, position) =>
    // A star would be a host of that name, and no wildcard.
    /^https:[^*]+$/.test(entry) && URL.canParse(entry) && new URL(entry).origin === entry
      ? good(entry)
      : bad(`${position}must be an origin such as https://push.example.org:8443, without a path`),
  )
}
