import type { Clock } from '../domain/clock.ts'
import type { Store } from '../store/store.ts'
import type { Events } from '../telemetry/events.ts'
import { createRemovalReport } from './removal-report.ts'

export interface RemoveDevicesDependencies {
  store: Pick<Store, 'removeDevice' | 'removeRecipient'>
  events: Events
  clock: Pick<Clock, 'now'>
  /** Where devices listen for what is meant for this account; absent: nowhere else. */
  channels?: { of(recipient: string): readonly string[]; clear(channel: string): Promise<unknown> }
}

export interface RemoveDevices {
  /** One installation of an app. */
  device(recipient: string, device: string): Promise<void>
  /** All of an account that is gone, also from its channels, so that a re-created account does not inherit its phones. */
  recipient(recipient: string): Promise<void>
}

/** Removing what is not there is a success: the caller may repeat itself. */
export function createRemoveDevices(deps: RemoveDevicesDependencies): RemoveDevices {
  const { store, events, clock, channels } = deps
  const report = createRemovalReport(events)
  return {
    async device(recipient, device) {
      report(await store.removeDevice(recipient, device, clock.now()))
    },
    async recipient(recipient) {
      for (const channel of channels?.of(recipient) ?? []) await channels?.clear(channel)
      report(await store.removeRecipient(recipient, clock.now()))
    },
  }
}
