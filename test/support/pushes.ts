import { buildNotification, type Notification } from '../../src/domain/notification.ts'
import type { MessageContent } from '../../src/domain/offline-message.ts'
import type { Preview } from '../../src/domain/registration.ts'
import type { Push } from '../../src/providers/provider.ts'
import { aRegistration } from './registrations.ts'

/** What a phone shows of a message from alice to bob, with what a test cares about changed. */
export function aNotification(
  changes: Partial<MessageContent> = {},
  preview: Preview = 'full',
): Notification {
  const content = {
    recipient: 'bob@localhost',
    sender: 'alice@localhost',
    type: 'chat',
    body: 'Hi',
    encrypted: false,
    ...changes,
  } as const
  const settings = { preview: 'full', previewText: 'New message', hashKey: 'k' } as const
  return buildNotification('019a0000-0000-7000-8000-000000000001', content, preview, settings)
}

/** One to the device of bob's that has this token. */
export function aPush(provider: string, token: string, changes: Partial<Push> = {}): Push {
  return {
    deliveryId: '9a0ed08d-107b-87e4-8dbb-968f1e72721e',
    registration: aRegistration({ provider, token, app: 'default' }),
    notification: aNotification(),
    expiresAt: Date.UTC(2026, 0, 16),
    scopeProven: true,
    ...changes,
  }
}
