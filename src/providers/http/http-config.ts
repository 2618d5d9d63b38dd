import { describeSecret } from '../../config/described.ts'
import type { Reading } from '../../config/reading.ts'
import { safeUrl } from '../../config/service-url.ts'
import type { VariableTable } from '../../config/variable.ts'
import { parseSecret } from './signature.ts'

export const HTTP_VARIABLES = {
  url: {
    name: 'RELAY_HTTP_URL',
    default: undefined,
    meaning: 'Your own push service: where notifications are posted; https, or http on loopback.',
    parse: safeUrl,
  },
  secret: {
    name: 'RELAY_HTTP_SECRET',
    default: undefined,
    meaning:
      'Signs these posts: whsec_ and the output of openssl rand -base64 32, or any 32 characters or more.',
    parse: parseSecret,
  },
} as const satisfies VariableTable

type HttpVariables = typeof HTTP_VARIABLES

export interface HttpConfig {
  url: URL
  /** Of the HMAC; secret. */
  key: Buffer
}

export function readHttpConfig(reading: Reading<HttpVariables>): HttpConfig | undefined {
  if (!reading.hasAny(['url', 'secret'])) return undefined
  if (!reading.has('url')) reading.problem('url', `is missing: ${reading.nameOf('secret')} needs it`)
  if (!reading.has('secret')) reading.problem('secret', `is missing: ${reading.nameOf('url')} needs it`)
  const { url, secret } = reading.values
  return url && secret && { url, key: secret }
}

/** A path or a query may be secret: whoever knows it may post there. */
export function describeHttpConfig({ url, key }: HttpConfig): Record<keyof HttpVariables, string> {
  const { origin, pathname, search } = url
  const place = `${pathname}${search}`
  return {
    url: place === '/' ? origin : `${origin}/… ${describeSecret(place)}`,
    secret: `HMAC key ${describeSecret(key)}`,
  }
}
