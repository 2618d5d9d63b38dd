import type { Registration } from '../../src/domain/registration.ts'

/** A registration as the store would hold it, with what a test cares about changed. */
export function aRegistration(changes: Partial<Registration> = {}): Registration {
  return {
    recipient: 'bob@localhost',
    device: 'phone1',
    kind: 'alert',
    provider: 'apns',
    token: 'ab'.repeat(32),
    app: 'com.example.chat',
    environment: 'production',
    environmentSource: 'default',
    registeredAt: Date.UTC(2026, 0, 15),
    state: 'active',
    strikes: 0,
    version: 1,
    firstVersion: 1,
    ...changes,
  }
}
