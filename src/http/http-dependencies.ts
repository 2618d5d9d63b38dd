import type { Config } from '../config/config.ts'
import type { Clock } from '../domain/clock.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Registration } from '../domain/registration.ts'
import type { AcceptOfflineMessages } from '../intake/accept-offline-message.ts'
import type { PushToDevices } from '../intake/push-to-devices.ts'
import type { Store } from '../store/store.ts'
import type { ZeropushRegistry } from '../store/zeropush-registry.ts'
import type { Events } from '../telemetry/events.ts'
import type { RelayHealth } from './health-view.ts'
import type { KnownProvider } from './known-provider.ts'

/** What the HTTP layer needs of the rest; app.ts provides it. */
export interface HttpDependencies {
  config: Config
  version: string
  store: Store
  acceptOfflineMessages: AcceptOfflineMessages
  /** Devices and channels of the ZeroPush API. */
  zeropush: ZeropushRegistry
  pushToDevices: PushToDevices
  /** All that this version knows, on or off. */
  providers: readonly KnownProvider[]
  /** One attempt, now, outside the outbox. */
  sendTest(registration: Registration): Promise<Outcome & { durationMs: number }>
  relayHealth(): RelayHealth
  metricsText(): Promise<string>
  isStopping(): boolean
  /** Revived deliveries wait in the outbox. */
  onRequeued(): void
  clock: Clock
  events: Events
}
