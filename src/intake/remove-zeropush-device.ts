import type { Clock } from '../domain/clock.ts'
import type { ZeropushRegistry } from '../store/zeropush-registry.ts'
import type { Events } from '../telemetry/events.ts'
import { createRemovalReport } from './removal-report.ts'

export interface RemoveZeropushDependencies {
  registry: Pick<ZeropushRegistry, 'remove'>
  events: Events
  clock: Pick<Clock, 'now'>
}

export type RemoveZeropushDevice = (token: string) => Promise<void>

/** Removing what is not there is a success: the caller may repeat itself. */
export function createRemoveZeropushDevice({
  registry,
  events,
  clock,
}: RemoveZeropushDependencies): RemoveZeropushDevice {
  const report = createRemovalReport(events)
  return async token => report(await registry.remove(token, clock.now()))
}
