import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import { systemClock } from '../../../src/domain/clock.ts'
import { buildNotification, type Notification } from '../../../src/domain/notification.ts'
import type { MessageContent } from '../../../src/domain/offline-message.ts'
import type { Preview } from '../../../src/domain/registration.ts'
import { createHttpProvider } from '../../../src/providers/http/http-provider.ts'
import { parseSecret } from '../../../src/providers/http/signature.ts'
import type { Push } from '../../../src/providers/provider.ts'
import {
  startWebhookSimulator,
  type WebhookSimulatorOptions,
} from '../../../src/simulator/http/webhook-simulator.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { aRegistration } from '../../support/registrations.ts'
import { secretsIn } from '../../support/secrets.ts'

export const SECRET = `whsec_${Buffer.alloc(32, 'k').toString('base64')}`

export async function startRig(t: TestContext, options: Partial<WebhookSimulatorOptions> = {}) {
  const clock = new FakeClock(systemClock.now())
  const simulator = await startWebhookSimulator({ secret: SECRET, clock, ...options })
  t.after(() => simulator.close())
  return { clock, simulator, ...startProvider(t, simulator.endpoint, clock) }
}

export function startProvider(t: TestContext, endpoint: string, clock: FakeClock, secret = SECRET) {
  const key = parseSecret(secret)
  if (!key.ok) throw new Error('a bad secret')
  const unknown: string[] = []
  const connections: string[] = []
  const provider = createHttpProvider(
    { url: new URL(endpoint), key: key.value },
    {
      clock,
      secrets: secretsIn(),
      report: {
        unknownReason: (status, reason) => unknown.push(`${status} ${reason}`),
        connection: (scope, state, reason) =>
          connections.push([scope, state, reason].filter(Boolean).join(' ')),
      },
    },
  )
  t.after(() => provider.close())
  return { provider, unknown, connections }
}

export function aPush(changes: Partial<Push> = {}): Push {
  return {
    deliveryId: randomUUID(),
    registration: aRegistration({ provider: 'http', token: 'device-4711', app: 'default' }),
    notification: aNotification(),
    expiresAt: Date.UTC(2030, 0, 2, 3, 4, 5),
    scopeProven: true,
    ...changes,
  }
}

export function aNotification(
  changes: Partial<MessageContent> = {},
  preview: Preview = 'full',
): Notification {
  const content = {
    recipient: 'bob@localhost',
    sender: 'alice@localhost',
    type: 'chat',
    body: 'Dinner at eight?',
    encrypted: false,
    ...changes,
  } as const
  const settings = { preview: 'full', previewText: 'New message', hashKey: 'k' } as const
  return buildNotification('019a0000-0000-7000-8000-000000000001', content, preview, settings)
}
