import { parseBadge } from './badge.ts'
import type { Device, Devices } from './devices.ts'
import type { Call, Endpoint, EndpointParts, Ready } from './endpoint.ts'
import { type Refusal, refusal } from './refusal.ts'

const OK = { message: 'ok' }
const NOT_FOUND = refusal(404, 'There is no such device.', 'record not found')

export function register({ parameters }: Call, { devices }: EndpointParts): Ready | Refusal {
  const { device_token: token, channel } = parameters
  if (channel !== undefined && typeof channel !== 'string') return refusal(400, 'channel is not a text')
  if (typeof token !== 'string' || !devices.takes(token)) {
    return refusal(400, 'device_token is not a device token')
  }
  return {
    perform() {
      const device = devices.register(token)
      if (channel !== undefined) device.channels.add(channel)
      return OK
    },
  }
}

export function unregister({ parameters }: Call, { devices }: EndpointParts): Ready | Refusal {
  const device = findNamed(parameters.device_token, devices)
  if (device === undefined) return NOT_FOUND
  return {
    perform() {
      devices.forget(device.token)
      return OK
    },
  }
}

export function changeChannels(change: 'add' | 'delete'): Endpoint {
  return ({ parameters, named }, { devices }) => {
    const { device_token: token, channel = named } = parameters
    if (typeof channel !== 'string' || channel === '') return refusal(400, 'channel is missing')
    const device = findNamed(token, devices)
    if (device === undefined) return NOT_FOUND
    return {
      perform() {
        device.channels[change](channel)
        return { device_token: device.token, channels: [...device.channels] }
      },
    }
  }
}

export function setBadge({ parameters }: Call, { devices }: EndpointParts): Ready | Refusal {
  const device = findNamed(parameters.device_token, devices)
  if (device === undefined) return NOT_FOUND
  const badge = parseBadge(parameters.badge)
  if (badge === undefined) return refusal(400, 'badge is not a number')
  return {
    perform() {
      devices.setBadge(device, badge)
      return OK
    },
  }
}

export function showDevice({ named }: Call, { devices }: EndpointParts): Ready | Refusal {
  const device = findNamed(named, devices)
  if (device === undefined) return NOT_FOUND
  const { token, markedInactiveAt: at, badge, channels } = device
  return {
    perform: () => ({
      token,
      active: at === undefined,
      marked_inactive_at: at === undefined ? null : new Date(at).toISOString(),
      badge,
      channels: [...channels],
    }),
  }
}

function findNamed(token: unknown, devices: Devices): Device | undefined {
  return typeof token === 'string' ? devices.find(token) : undefined
}
