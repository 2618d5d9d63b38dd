import { applyBadge, type Badge } from './badge.ts'

export interface Device {
  readonly token: string
  /** Undefined while it is alive; else when Apple's feedback told of its end. */
  markedInactiveAt: number | undefined
  badge: number
  readonly channels: Set<string>
}

/** What the service knows of phones. */
export interface Devices {
  find(token: string): Device | undefined
  takes(token: string): boolean
  /** A device that was marked inactive is alive again. */
  register(token: string): Device
  forget(token: string): void
  markInactive(token: string, at: number): void
  list(): Device[]
  setBadge(device: Device, badge: Badge): void
}

const MAX_DEVICES = 100_000
/** Of an iPhone, as all examples have them. */
const TOKEN = /^[0-9a-f]{64}$/

export function createDevices(): Devices {
  const known = new Map<string, Device>()
  return {
    find: token => known.get(normalise(token)),
    takes: token => TOKEN.test(normalise(token)) && known.size < MAX_DEVICES,
    register(given) {
      const token = normalise(given)
      const device = known.get(token) ?? { token, markedInactiveAt: undefined, badge: 0, channels: new Set() }
      device.markedInactiveAt = undefined
      known.set(token, device)
      return device
    },
    forget: token => void known.delete(normalise(token)),
    markInactive(token, at) {
      const device = known.get(normalise(token))
      if (device !== undefined) device.markedInactiveAt = at
    },
    list: () => [...known.values()],
    setBadge(device, badge) {
      device.badge = applyBadge(device.badge, badge)
    },
  }
}

/** iOS writes a token as `<0a1b2c3d …>`. */
function normalise(token: string): string {
  return token.toLowerCase().replace(/[<> ]/g, '')
}
