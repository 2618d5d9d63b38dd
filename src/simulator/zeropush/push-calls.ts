import type { Device } from './devices.ts'
import type { Call, EndpointParts, Ready } from './endpoint.ts'
import { readNotification } from './notification.ts'
import { isRefusal, type Refusal, refusal } from './refusal.ts'

export function notify(call: Call, parts: EndpointParts): Ready | Refusal {
  const tokens = readTokens(call.parameters.device_tokens)
  if (tokens === undefined) return refusal(400, 'device_tokens is missing')
  const found = tokens.map(token => ({ token, device: parts.devices.find(token) }))
  const sending = send(
    call,
    parts,
    found.flatMap(({ device }) => device ?? []),
  )
  if (isRefusal(sending)) return sending
  const inactive = found.filter(({ device }) => device?.markedInactiveAt !== undefined)
  const unregistered = found.filter(({ device }) => device === undefined)
  return {
    perform: () => ({
      sent_count: sending.perform(),
      inactive_tokens: inactive.map(({ token }) => token),
      unregistered_tokens: unregistered.map(({ token }) => token),
    }),
  }
}

export function broadcast(call: Call, parts: EndpointParts): Ready | Refusal {
  const channel = call.named ?? call.parameters.channel
  if (channel !== undefined && typeof channel !== 'string') return refusal(400, 'channel is not a text')
  const devices = parts.devices.list()
  const listeners = channel === undefined ? devices : devices.filter(({ channels }) => channels.has(channel))
  const sending = send(call, parts, listeners)
  return isRefusal(sending) ? sending : { perform: () => ({ sent_count: sending.perform() }) }
}

export function listInactive(_: Call, { devices }: EndpointParts): Ready {
  const inactive = devices.list().flatMap(({ token, markedInactiveAt: at }) => {
    if (at === undefined) return []
    // As the service's example has it: with an offset, without milliseconds.
    const instant = new Date(at).toISOString().replace(/\.\d+Z$/, '+00:00')
    return [{ device_token: token, marked_inactive_at: instant }]
  })
  return { perform: () => inactive }
}

/** A single token may stand there instead of a list. */
function readTokens(value: unknown): string[] | undefined {
  const tokens: unknown[] = Array.isArray(value) ? value : [value]
  const texts = tokens.filter(token => typeof token === 'string')
  return texts.length > 0 && texts.length === tokens.length ? texts : undefined
}

/** To those of the devices that are alive; performed, it says to how many. */
function send(call: Call, parts: EndpointParts, devices: Device[]): { perform(): number } | Refusal {
  if (!parts.isConfigured()) return refusal(412, 'There is no certificate.', 'configuration error')
  const notification = readNotification(call)
  if (typeof notification === 'string') return refusal(400, notification)
  const alive = devices.filter(({ markedInactiveAt }) => markedInactiveAt === undefined)
  if (!parts.quota.allows(alive.length)) return refusal(403, 'The push quota is used up.', 'quota error')
  return {
    perform() {
      parts.quota.spend(alive.length)
      for (const device of alive) {
        if (notification.badge !== undefined) parts.devices.setBadge(device, notification.badge)
        parts.onPush(device, notification)
      }
      return alive.length
    },
  }
}
