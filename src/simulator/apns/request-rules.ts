import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http2'
import type { Peer } from '../connections.ts'
import type { CheckProviderToken } from './provider-tokens.ts'
import { isRefusal, type Refusal, refusal } from './refusal.ts'

/** A push as its headers describe it. */
export interface PushRequest {
  /** Device token, lower case. */
  token: string
  apnsId: string
  topic: string
  pushType: PushType
  priority: number
  /** Unix seconds; 0: one attempt; absent: Apple's default storage. */
  expiration?: number
  collapseId?: string
}

export interface RequestRules {
  checkProviderToken: CheckProviderToken
  /** Bundle ids that may be pushed to; undefined: any. */
  topics: readonly string[] | undefined
}

// What a topic ends in besides the bundle id: developer.apple.com, "Sending notification requests to APNs", apns-push-type.
const TOPIC_SUFFIX = {
  alert: '',
  background: '',
  location: '.location-query',
  voip: '.voip',
  complication: '.complication',
  fileprovider: '.pushkit.fileprovider',
  mdm: '',
  liveactivity: '.push-type.liveactivity',
  pushtotalk: '.voip-ptt',
  widgets: '.push-type.widgets',
  controls: '.push-type.controls',
} as const

export type PushType = keyof typeof TOPIC_SUFFIX

const TOKEN_ONLY: readonly PushType[] = ['location', 'liveactivity']
const PATH_START = '/3/device'
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const TOPIC = /^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/
const DEVICE_TOKEN = /^(?:[0-9a-f]{2}){1,200}$/
const MAX_COLLAPSE_BYTES = 64
// The year 9999. Nobody means a later one: it is milliseconds where seconds belong.
const MAX_EXPIRATION = 253402300799

/** The id that the answer carries: the request's own when it is usable. */
export function answerId(headers: IncomingHttpHeaders): string {
  const id = headers['apns-id']
  return typeof id === 'string' && UUID.test(id) ? id : randomUUID()
}

/**
 * Everything that can be refused before the payload is looked at, in the order in which it is refused: the request line,
 * each header by itself, the credential, the topic it may use, the shape of the device token.
 */
export function readPushRequest(
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
  peer: Peer,
  rules: RequestRules,
): PushRequest | Refusal {
  const shape = checkRequestLine(headers) ?? checkDuplicates(headers, rawHeaders) ?? checkHeaders(headers)
  if (shape !== undefined) return shape
  const pushType = headers['apns-push-type'] ?? 'alert'
  if (!isPushType(pushType)) return refusal(400, 'InvalidPushType')
  const topic = readTopic(headers, pushType, peer)
  if (typeof topic !== 'string') return topic
  const refused = checkCredential(headers, topic, pushType, { peer, rules })
  if (refused !== undefined) return refused
  const token = String(headers[':path'])
    .slice(PATH_START.length + 1)
    .toLowerCase()
  if (!DEVICE_TOKEN.test(token)) return refusal(400, 'BadDeviceToken')
  return describe(headers, token, topic, pushType)
}

function describe(
  headers: IncomingHttpHeaders,
  token: string,
  topic: string,
  pushType: PushType,
): PushRequest {
  const expiration = headers['apns-expiration']
  const collapseId = headers['apns-collapse-id']
  const request: PushRequest = {
    token,
    apnsId: answerId(headers),
    topic,
    pushType,
    priority: Number(headers['apns-priority'] ?? 10),
  }
  if (expiration !== undefined) request.expiration = Number(expiration)
  if (typeof collapseId === 'string' && collapseId !== '') request.collapseId = collapseId
  return request
}

function checkRequestLine(headers: IncomingHttpHeaders): Refusal | undefined {
  if (headers[':method'] !== 'POST') return refusal(405, 'MethodNotAllowed')
  const path = headers[':path'] ?? ''
  if (path === PATH_START || path === `${PATH_START}/`) return refusal(400, 'MissingDeviceToken')
  const isDevicePath = path.startsWith(`${PATH_START}/`) && !path.includes('/', PATH_START.length + 1)
  return isDevicePath ? undefined : refusal(404, 'BadPath')
}

/** Node joins repeated headers, or keeps the first, so the object has fewer names than arrived exactly when one repeats. */
function checkDuplicates(headers: IncomingHttpHeaders, rawHeaders: readonly string[]): Refusal | undefined {
  return Object.keys(headers).length * 2 === rawHeaders.length ? undefined : refusal(400, 'DuplicateHeaders')
}

function checkHeaders(headers: IncomingHttpHeaders): Refusal | undefined {
  const id = headers['apns-id']
  if (typeof id === 'string' && !UUID.test(id)) return refusal(400, 'BadMessageId')
  const expiration = headers['apns-expiration'] ?? '0'
  if (!/^\d{1,12}$/.test(String(expiration)) || Number(expiration) > MAX_EXPIRATION) {
    return refusal(400, 'BadExpirationDate')
  }
  if (!isPriority(headers)) return refusal(400, 'BadPriority')
  // HTTP/2 header values reach us as one character a byte, so the length is in bytes.
  const collapseId = headers['apns-collapse-id'] ?? ''
  return collapseId.length > MAX_COLLAPSE_BYTES ? refusal(400, 'BadCollapseId') : undefined
}

/** Without the header Apple takes 10, which is an error for a background push. */
function isPriority(headers: IncomingHttpHeaders): boolean {
  const priority = headers['apns-priority'] ?? '10'
  if (headers['apns-push-type'] === 'background') return priority === '5' || priority === '1'
  return priority === '10' || priority === '5' || priority === '1'
}

function isPushType(value: string | string[]): value is PushType {
  return typeof value === 'string' && Object.hasOwn(TOPIC_SUFFIX, value)
}

/** With a certificate the topic may be left out: it is then the one that the certificate names. */
function readTopic(headers: IncomingHttpHeaders, pushType: PushType, peer: Peer): string | Refusal {
  const topic = headers['apns-topic'] ?? peer.certificateTopic
  if (topic === undefined || topic === '') return refusal(400, 'MissingTopic')
  if (typeof topic !== 'string' || !TOPIC.test(topic)) return refusal(400, 'BadTopic')
  const fits = topic.endsWith(TOPIC_SUFFIX[pushType])
  return fits ? topic : refusal(400, 'BadTopic', `topic of a ${pushType} push lacks its suffix`)
}

function checkCredential(
  headers: IncomingHttpHeaders,
  topic: string,
  pushType: PushType,
  context: { peer: Peer; rules: RequestRules },
): Refusal | undefined {
  const { peer, rules } = context
  const suffix = TOPIC_SUFFIX[pushType]
  const bundleId = suffix === '' ? topic : topic.slice(0, -suffix.length)
  if (peer.hasBadCertificate) return refusal(403, 'BadCertificate')
  if (rules.topics !== undefined && peer.certificateTopic !== undefined && !rules.topics.includes(bundleId)) {
    return refusal(400, 'TopicDisallowed')
  }
  if (peer.certificateTopic !== undefined) return checkCertificate(bundleId, pushType, peer.certificateTopic)
  const token = rules.checkProviderToken(headers.authorization)
  if (isRefusal(token)) return token
  peer.teamId ??= token.teamId
  if (peer.teamId !== token.teamId) return refusal(403, 'UnrelatedKeyIdInToken')
  const allowed = [rules.topics, token.topics].every(list => list === undefined || list.includes(bundleId))
  return allowed ? undefined : refusal(400, 'TopicDisallowed')
}

function checkCertificate(bundleId: string, pushType: PushType, topic: string): Refusal | undefined {
  if (TOKEN_ONLY.includes(pushType)) return refusal(403, 'Forbidden', `${pushType} needs a provider token`)
  return bundleId === topic ? undefined : refusal(400, 'TopicDisallowed')
}
