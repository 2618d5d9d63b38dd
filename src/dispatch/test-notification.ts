import { randomUUID } from 'node:crypto'
import type { Clock } from '../domain/clock.ts'
import { newMessageId } from '../domain/message-id.ts'
import { buildNotification, type NotificationSettings } from '../domain/notification.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { ProviderName, Registration } from '../domain/registration.ts'
import type { Provider } from '../providers/provider.ts'

export interface TestNotificationDependencies {
  providers: ReadonlyMap<ProviderName, Provider>
  settings: NotificationSettings
  clock: Clock
}

export type SendTest = (registration: Registration) => Promise<Outcome & { durationMs: number }>

const TEXT = 'Push notifications reach this device.'
const LIFETIME_MS = 60_000

/** One attempt outside the outbox: nothing is stored, retried or held against the registration. */
export function createSendTest({ providers, settings, clock }: TestNotificationDependencies): SendTest {
  return async registration => {
    const provider = providers.get(registration.provider)
    if (!provider)
      return {
        kind: 'blocked',
        scope: registration.provider,
        reason: 'provider-not-configured',
        durationMs: 0,
      }
    const { recipient } = registration
    const content = {
      recipient,
      sender: recipient,
      type: 'normal',
      body: TEXT,
      encrypted: false,
      nick: 'Test',
    } as const
    const startedAt = clock.monotonic()
    const outcome = await provider.send({
      deliveryId: randomUUID(),
      registration,
      notification: buildNotification(
        newMessageId(),
        content,
        registration.preview ?? settings.preview,
        settings,
      ),
      expiresAt: clock.now() + LIFETIME_MS,
      scopeProven: false,
    })
    return { ...outcome, durationMs: Math.round(clock.monotonic() - startedAt) }
  }
}
