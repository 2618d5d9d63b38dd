import type { TestContext } from 'node:test'
import { systemClock } from '../../../src/domain/clock.ts'
import { apnsStand } from './apns.ts'
import { fcmStand } from './fcm.ts'
import { httpProviderStand } from './http.ts'
import { prowlStand } from './prowl.ts'
import type { Received, Stand, StandIn } from './stand.ts'
import { webpushStand } from './webpush.ts'
import { zeropushStand } from './zeropush.ts'

/** Of every provider, in the order in which the relay lists them. */
export const ALL_STANDS: readonly Stand[] = [
  apnsStand,
  fcmStand,
  webpushStand,
  zeropushStand,
  httpProviderStand,
  prowlStand,
]

export interface RunningStand {
  name: string
  stand: Stand
  standIn: StandIn
  /** What came to its devices, oldest first. */
  received: Received[]
}

/** All simulators at once, in real time; gone when the test ends. */
export async function startAllStands(t: Pick<TestContext, 'after'>): Promise<RunningStand[]> {
  const running: RunningStand[] = []
  for (const stand of ALL_STANDS) {
    const standIn = await stand.start(t, systemClock)
    const received: Received[] = []
    standIn.onReceived(one => received.push(one))
    running.push({ name: stand.definition.name, stand, standIn, received })
  }
  return running
}

/** Variables with which a relay speaks to all of them. */
export function environmentOf(stands: readonly RunningStand[]): Record<string, string> {
  return Object.assign({}, ...stands.map(({ standIn }) => standIn.environment()))
}
