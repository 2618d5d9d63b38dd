import { createPublicKey } from 'node:crypto'
import { parseAuthority } from '../../config/authority.ts'
import { describeCertificate, describeSecret, NOT_SET } from '../../config/described.ts'
import type { Reading } from '../../config/reading.ts'
import type { PayloadKind } from './payload.ts'
import { parseServiceAccount, type ServiceAccount } from './service-account.ts'
import type { FcmVariables } from './variables.ts'

export interface FcmConfig {
  account: ServiceAccount
  payload: PayloadKind
  /** In the place of Google's. */
  url: string | undefined
  /** PEM text of the authority that signed the override's certificates. */
  ca: string | undefined
}

/** The payload is not among them, because its default says nothing. */
const TELLING = ['serviceAccountFile', 'url', 'caFile'] as const satisfies readonly (keyof FcmVariables)[]

export function readFcmConfig(reading: Reading<FcmVariables>): FcmConfig | undefined {
  if (!reading.hasAny(TELLING)) return undefined
  const { payload, url } = reading.values
  if (!reading.has('serviceAccountFile')) {
    reading.problem('serviceAccountFile', 'is missing: FCM needs the key of a service account')
  }
  if (reading.has('caFile') && !reading.has('url')) {
    reading.problem('caFile', `is of no use without ${reading.nameOf('url')}`)
  }
  const account = reading.file('serviceAccountFile', bytes => parseServiceAccount(bytes, reading.has('url')))
  const ca = reading.file('caFile', parseAuthority)
  if (account === undefined || payload === undefined) return undefined
  return { account, payload, url, ca }
}

export function describeFcmConfig({
  account,
  payload,
  url,
  ca,
}: FcmConfig): Record<keyof FcmVariables, string> {
  const der = createPublicKey(account.privateKey).export({ format: 'der', type: 'spki' })
  return {
    serviceAccountFile: `project ${account.projectId}, signing key ${describeSecret(der)}`,
    payload,
    url: url ?? "(Google's)",
    caFile: ca === undefined ? NOT_SET : describeCertificate(ca),
  }
}
