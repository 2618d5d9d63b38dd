import { describeSecret } from '../../config/described.ts'
import { matching } from '../../config/parsers.ts'
import type { Reading } from '../../config/reading.ts'
import { serviceUrl } from '../../config/service-url.ts'
import type { VariableTable } from '../../config/variable.ts'

export const ZEROPUSH_VARIABLES = {
  url: {
    name: 'RELAY_ZEROPUSH_URL',
    default: undefined,
    meaning:
      'Server that speaks the ZeroPush API, such as https://push.example.org or https://chat.example.org/zeropush; http on loopback only.',
    parse: serviceUrl,
  },
  token: {
    name: 'RELAY_ZEROPUSH_TOKEN',
    default: undefined,
    meaning: 'Required with it. The server token there, not the app token.',
    // It stands in quotes in a header.
    parse: matching(/^[A-Za-z0-9._~+/=-]{1,256}$/, '1 to 256 of A-Z a-z 0-9 . _ ~ + / = -'),
  },
} as const satisfies VariableTable

type ZeroPushVariables = typeof ZEROPUSH_VARIABLES

export interface ZeroPushConfig {
  url: string
  token: string
}

export function readZeroPushConfig(reading: Reading<ZeroPushVariables>): ZeroPushConfig | undefined {
  if (!reading.hasAny(['url', 'token'])) return undefined
  if (!reading.has('url')) reading.problem('url', 'is missing: the address of the ZeroPush server')
  if (!reading.has('token')) reading.problem('token', 'is missing: the server token')
  const { url, token } = reading.values
  return url === undefined || token === undefined ? undefined : { url, token }
}

export function describeZeroPushConfig({
  url,
  token,
}: ZeroPushConfig): Record<keyof ZeroPushVariables, string> {
  return { url, token: describeSecret(token) }
}
