import type { Registration } from '../../src/domain/registration.ts'
import { deviceToken, recipient } from '../load/messages.ts'
import { APP } from '../system/relay.ts'

export function registration(index: number): Registration {
  return {
    recipient: recipient(index),
    device: 'phone',
    kind: 'alert',
    provider: 'apns',
    token: deviceToken(index),
    app: APP,
    environment: 'production',
    environmentSource: 'default',
    registeredAt: 0,
    state: 'active',
    strikes: 0,
    // Recent, so that nothing is written about it.
    lastAcceptedAt: Date.now(),
    version: 1,
    firstVersion: 1,
  }
}
