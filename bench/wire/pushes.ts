import { createHash } from 'node:crypto'
import { buildNotification } from '../../src/domain/notification.ts'
import { encodePayload } from '../../src/providers/apns/payload.ts'
import { APP } from '../system/relay.ts'

export const DEVICES = 2000

/** One per device, the same in every process, and made before anything is measured. */
export interface PreparedPush {
  path: string
  /** Fields that are new at each push. */
  unique: Record<'apns-id' | 'apns-expiration' | 'apns-collapse-id', string>
  body: Buffer
}

/** Fields that come again at each push; the provider token is the fourth. */
export const CONSTANT_FIELDS = {
  'apns-push-type': 'alert',
  'apns-topic': APP,
  'apns-priority': '10',
} as const

const SETTINGS = { preview: 'full', previewText: 'New message', hashKey: 'key' } as const
const EXPIRATION = '2000000000'

export const PUSHES: readonly PreparedPush[] = Array.from({ length: DEVICES }, (_, index) => prepare(index))

export function pathOf(index: number): string {
  return `/3/device/${digest('device', index)}`
}

// All bodies have the same length, because h2load posts one and the same body again and again.
function prepare(index: number): PreparedPush {
  const digits = String(index).padStart(4, '0')
  const content = {
    recipient: `user-${digits}@bench.example`,
    sender: 'friend@bench.example',
    type: 'chat',
    body: `${digits}: shall we meet at the station, half past seven? The train may be late again.`,
    encrypted: false,
    nick: 'A. Friend',
  } as const
  const id = idOf(index)
  return {
    path: pathOf(index),
    unique: { 'apns-id': id, 'apns-expiration': EXPIRATION, 'apns-collapse-id': id },
    body: encodePayload(buildNotification(id, content, 'full', SETTINGS)),
  }
}

function idOf(index: number): string {
  const hex = digest('apns-id', index)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}

function digest(name: string, index: number): string {
  return createHash('sha256').update(`${name} ${index}`).digest('hex')
}
