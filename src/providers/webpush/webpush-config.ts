import { parseAuthority } from '../../config/authority.ts'
import { describeCertificate, describeSecret, NOT_SET } from '../../config/described.ts'
import type { Reading } from '../../config/reading.ts'
import { pairUp, type VapidKeys } from './vapid-keys.ts'
import type { WebPushVariables } from './variables.ts'

export interface WebPushConfig {
  keys: VapidKeys
  /** `mailto:` or `https:`. */
  subject: string
  /** Undefined: any push service at a public address. */
  allowedOrigins: readonly string[] | undefined
  /** PEM text of the authority behind those origins. */
  ca: string | undefined
}

type WebPushReading = Reading<WebPushVariables>

const REQUIRED = ['publicKey', 'privateKey', 'subject'] as const

export function readWebPushConfig(reading: WebPushReading): WebPushConfig | undefined {
  if (!reading.hasAny([...REQUIRED, 'allowedOrigins', 'caFile'])) return undefined
  for (const key of REQUIRED) {
    if (!reading.has(key)) reading.problem(key, 'is missing: Web Push needs both keys and a subject')
  }
  const keys = readKeys(reading)
  const ca = readAuthority(reading)
  const { subject, allowedOrigins } = reading.values
  return keys && subject ? { keys, subject, allowedOrigins, ca } : undefined
}

function readKeys(reading: WebPushReading): VapidKeys | undefined {
  const { publicKey, privateKey } = reading.values
  if (publicKey === undefined || privateKey === undefined) return undefined
  const keys = pairUp(publicKey, privateKey)
  if (keys === undefined) {
    reading.problem('privateKey', `does not belong to ${reading.nameOf('publicKey')}: take both from one run`)
  }
  return keys
}

/** For everybody's push services, public authorities are the only ones that make sense. */
function readAuthority(reading: WebPushReading): string | undefined {
  if (reading.has('caFile') && !reading.has('allowedOrigins')) {
    reading.problem('caFile', `is of no use without ${reading.nameOf('allowedOrigins')}`)
  }
  return reading.file('caFile', parseAuthority)
}

export function describeWebPushConfig(config: WebPushConfig): Record<keyof WebPushVariables, string> {
  const { keys, subject, allowedOrigins, ca } = config
  const secret = keys.privateKey.export({ format: 'der', type: 'pkcs8' })
  return {
    publicKey: keys.publicKey,
    privateKey: `signing key ${describeSecret(secret)}`,
    subject,
    allowedOrigins: allowedOrigins?.join(',') ?? '(any public one)',
    caFile: ca === undefined ? NOT_SET : describeCertificate(ca),
  }
}
