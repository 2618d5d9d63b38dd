import type { TestContext } from 'node:test'
import { buildNotification } from '../../src/domain/notification.ts'
import type { Registration, RegistrationRequest } from '../../src/domain/registration.ts'
import type { Push } from '../../src/providers/provider.ts'
import { generateVapidKeys, pairUp, type VapidKeys } from '../../src/providers/webpush/vapid-keys.ts'
import { createWebPushProvider, type WebPushOptions } from '../../src/providers/webpush/webpush-provider.ts'
import type { Subscription } from '../../src/simulator/webpush/browsers.ts'
import {
  startWebPushSimulator,
  type WebPushSimulator,
  type WebPushSimulatorOptions,
} from '../../src/simulator/webpush/webpush-simulator.ts'
import { FakeClock } from './fake-clock.ts'
import { aRegistration } from './registrations.ts'

export function someVapidKeys(): VapidKeys {
  const { publicKey, privateKey } = generateVapidKeys()
  const keys = pairUp(Buffer.from(publicKey, 'base64url'), Buffer.from(privateKey, 'base64url'))
  if (!keys) throw new Error('a fresh pair does not belong together')
  return keys
}

export interface WebPushStand {
  simulator: WebPushSimulator
  provider: ReturnType<typeof createWebPushProvider>
  keys: VapidKeys
  clock: FakeClock
  unknownReasons: string[]
  connections: [state: string, reason: string | undefined][]
  /** Registers with the provider's own rules. */
  register(subscription: Subscription): Registration
}

/** A provider that may only send to a simulator, both closed after the test. */
export async function webPushStand(
  t: TestContext,
  changes: { simulator?: WebPushSimulatorOptions; provider?: Partial<WebPushOptions> } = {},
): Promise<WebPushStand> {
  const clock = new FakeClock()
  const simulator = await startWebPushSimulator({ clock, ...changes.simulator })
  const unknownReasons: string[] = []
  const connections: WebPushStand['connections'] = []
  const keys = someVapidKeys()
  const provider = createWebPushProvider({
    keys,
    subject: 'mailto:admin@example.org',
    allowedOrigins: [simulator.url],
    ca: simulator.ca,
    clock,
    report: {
      unknownReason: (status, reason) => unknownReasons.push(`${status} ${reason}`),
      connection: (_scope, state, reason) => connections.push([state, reason]),
    },
    ...changes.provider,
  })
  t.after(async () => {
    await provider.close()
    await simulator.close()
  })
  const register = (subscription: Subscription) =>
    registrationOf(provider.rules.check(requestOf(subscription)))
  return { simulator, provider, keys, clock, unknownReasons, connections, register }
}

export function requestOf(
  subscription: object,
  changes: Partial<RegistrationRequest> = {},
): RegistrationRequest {
  return { provider: 'webpush', address: { ...subscription }, ...changes }
}

function registrationOf(
  check: ReturnType<ReturnType<typeof createWebPushProvider>['rules']['check']>,
): Registration {
  if (!check.ok) throw new Error(check.message)
  const { ok: _ok, ...address } = check
  return aRegistration({ provider: 'webpush', ...address })
}

export function aWebPush(registration: Registration, changes: Partial<Push> & { body?: string } = {}): Push {
  const { body = 'Hi Bob', ...rest } = changes
  const content = {
    recipient: 'bob@localhost',
    sender: 'anna@localhost',
    type: 'chat',
    body,
    encrypted: false,
  } as const
  const settings = { preview: 'full', previewText: 'New message', hashKey: 'k' } as const
  return {
    deliveryId: '9a0ed08d-107b-87e4-8dbb-968f1e72721e',
    registration,
    notification: buildNotification('019a0000-0000-7000-8000-000000000001', content, 'full', settings),
    expiresAt: Date.UTC(2026, 0, 15, 13),
    scopeProven: false,
    ...rest,
  }
}
