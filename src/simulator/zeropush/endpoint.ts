import type { TokenKind } from './credentials.ts'
import type { Device, Devices } from './devices.ts'
import type { ZeroPushNotification } from './notification.ts'
import type { ReadParameters } from './parameters.ts'
import type { Quota } from './quota.ts'
import type { Refusal } from './refusal.ts'

export interface Call extends ReadParameters {
  tokenKind: TokenKind
  /** What the path names after its first word, percent-decoded. */
  named: string | undefined
}

export interface EndpointParts {
  devices: Devices
  quota: Pick<Quota, 'allows' | 'spend'>
  /** Whether there is a certificate with which to speak to Apple. */
  isConfigured(): boolean
  /** A phone gets it. */
  onPush(device: Device, notification: ZeroPushNotification): void
}

/** A call that is right. It takes effect when it is performed, which a fault on the way may prevent. */
export interface Ready {
  /** Answers what stands in the body of 200, in JSON. */
  perform(): unknown
}

export type Endpoint = (call: Call, parts: EndpointParts) => Ready | Refusal
