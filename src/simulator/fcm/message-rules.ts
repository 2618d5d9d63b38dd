import { isUtf8 } from 'node:buffer'
import { badRequest, type FieldViolation, type GoogleError, invalidArgument } from './google-error.ts'
import {
  camelCase,
  DURATION,
  FLAG,
  INTEGER,
  isObject,
  listOf,
  MAP_OF_TEXTS,
  message,
  NUMBER,
  oneOf,
  STRUCT,
  TEXT,
  TIMESTAMP,
} from './proto-json.ts'

type Fields = Readonly<Record<string, unknown>>

/** A message that is right, its names in camel case. */
export interface SentMessage {
  token: string
  isDryRun: boolean
  data: Readonly<Record<string, string>>
  notification?: Fields
  android: Fields
}

/** Longer ones are not read to their end. */
export const MAX_REQUEST_BYTES = 64 * 1024

// REST reference, projects.messages.
const LABEL = message({ analyticsLabel: TEXT })
const LIGHT_SETTINGS = message({
  color: message({ red: NUMBER, green: NUMBER, blue: NUMBER, alpha: NUMBER }),
  lightOnDuration: DURATION,
  lightOffDuration: DURATION,
})
const ANDROID_NOTIFICATION = message({
  title: TEXT,
  body: TEXT,
  icon: TEXT,
  color: TEXT,
  sound: TEXT,
  tag: TEXT,
  clickAction: TEXT,
  bodyLocKey: TEXT,
  bodyLocArgs: listOf(TEXT),
  titleLocKey: TEXT,
  titleLocArgs: listOf(TEXT),
  channelId: TEXT,
  ticker: TEXT,
  sticky: FLAG,
  eventTime: TIMESTAMP,
  localOnly: FLAG,
  notificationPriority: oneOf(
    'PRIORITY_UNSPECIFIED',
    ...['MIN', 'LOW', 'DEFAULT', 'HIGH', 'MAX'].map(name => `PRIORITY_${name}`),
  ),
  defaultSound: FLAG,
  defaultVibrateTimings: FLAG,
  defaultLightSettings: FLAG,
  vibrateTimings: listOf(DURATION),
  visibility: oneOf('VISIBILITY_UNSPECIFIED', 'PRIVATE', 'PUBLIC', 'SECRET'),
  notificationCount: INTEGER,
  lightSettings: LIGHT_SETTINGS,
  image: TEXT,
  bypassProxyNotification: FLAG,
  proxy: oneOf('PROXY_UNSPECIFIED', 'ALLOW', 'DENY', 'IF_PRIORITY_LOWERED'),
})
const ANDROID = message({
  collapseKey: TEXT,
  priority: oneOf('NORMAL', 'HIGH', 'normal', 'high'),
  ttl: DURATION,
  restrictedPackageName: TEXT,
  data: MAP_OF_TEXTS,
  notification: ANDROID_NOTIFICATION,
  fcmOptions: LABEL,
  directBootOk: FLAG,
})
const REQUEST = message({
  validateOnly: FLAG,
  message: message({
    name: TEXT,
    data: MAP_OF_TEXTS,
    notification: message({ title: TEXT, body: TEXT, image: TEXT }),
    android: ANDROID,
    webpush: message({
      headers: MAP_OF_TEXTS,
      data: MAP_OF_TEXTS,
      notification: STRUCT,
      fcmOptions: message({ link: TEXT, analyticsLabel: TEXT }),
    }),
    apns: message({
      headers: MAP_OF_TEXTS,
      payload: STRUCT,
      liveActivityToken: TEXT,
      fcmOptions: message({ analyticsLabel: TEXT, image: TEXT }),
    }),
    fcmOptions: LABEL,
    token: TEXT,
    topic: TEXT,
    condition: TEXT,
  }),
})

/** In bytes, keys and values ("FCM error codes", INVALID_ARGUMENT). */
const MAX_CONTENT_BYTES = 4096
const MAX_TOPIC_CONTENT_BYTES = 2048
const MAX_TTL_S = 2_419_200
const TARGETS = ['token', 'topic', 'condition'] as const

/** What is wrong with the body of a request, else the message in it. */
export function readMessage(body: Buffer): SentMessage | GoogleError {
  const request = parse(body)
  if (request === undefined) {
    return badRequest([{ description: 'Invalid JSON payload received. Expected a JSON object in UTF-8.' }])
  }
  const violations: FieldViolation[] = []
  REQUEST(request, '', violations)
  if (violations.length > 0) return badRequest(violations)
  const { message: sent = {}, validateOnly = false } = namedAlike(request)
  return checkMessage(sent as Fields, validateOnly as boolean)
}

export function isSentMessage(read: SentMessage | GoogleError): read is SentMessage {
  return 'token' in read
}

function checkMessage(sent: Fields, isDryRun: boolean): SentMessage | GoogleError {
  const { notification, android = {}, data = {} } = sent as Record<string, Fields | undefined>
  const refused =
    checkTarget(sent) ?? checkContent(sent, android) ?? checkAndroid(android) ?? checkSize(sent, android)
  if (refused !== undefined) return refused
  return {
    token: sent.token as string,
    isDryRun,
    // "If present, it will override google.firebase.fcm.v1.Message.data."
    data: (android.data ?? data) as Record<string, string>,
    ...(notification === undefined ? {} : { notification }),
    android,
  }
}

function checkTarget(sent: Fields): GoogleError | undefined {
  const [target, another] = TARGETS.filter(name => Object.hasOwn(sent, name))
  if (another !== undefined) {
    const description = `Invalid value at 'message' (oneof), oneof field 'target' is already set. Cannot set '${another}'`
    return badRequest([{ field: 'message', description }])
  }
  if (target === undefined || sent[target] === '')
    return invalidArgument('Recipient of the message is not set.')
  // Neither is of any use to a relay that knows its devices.
  return target === 'token' ? undefined : invalidArgument(`No ${target} is known here.`, `message.${target}`)
}

const RESERVED = /^(?:from$|message_type$|google|gcm)/

function checkContent(sent: Fields, android: Fields): GoogleError | undefined {
  const keys = [sent.data, android.data].flatMap(data => Object.keys(data ?? {}))
  const reserved = keys.find(key => RESERVED.test(key))
  if (reserved !== undefined) return invalidArgument(`Invalid data payload key: ${reserved}`, 'message.data')
  const isEmpty =
    keys.length === 0 && [sent.notification, android.notification].every(part => part === undefined)
  // Google takes it, and no phone shows anything.
  return isEmpty ? invalidArgument('A message with neither notification nor data is of no use.') : undefined
}

function checkAndroid({ ttl = '0s', notification = {} }: Fields): GoogleError | undefined {
  const seconds = Number(String(ttl).slice(0, -1))
  if (seconds < 0 || seconds > MAX_TTL_S) {
    return invalidArgument('The TTL must be between 0 and 2419200 seconds.', 'message.android.ttl')
  }
  const { color, notificationCount = 0 } = notification as Fields
  if (color !== undefined && !/^#[0-9a-f]{6}$/i.test(String(color))) {
    return invalidArgument('The color must be #rrggbb.', 'message.android.notification.color')
  }
  return (notificationCount as number) < 0
    ? invalidArgument('The count must not be negative.', 'message.android.notification.notification_count')
    : undefined
}

function checkSize(sent: Fields, android: Fields): GoogleError | undefined {
  const limit = sent.topic === undefined ? MAX_CONTENT_BYTES : MAX_TOPIC_CONTENT_BYTES
  const parts = [android.data ?? sent.data, sent.notification, android.notification]
  const bytes = parts.flatMap(part => Object.entries(part ?? {}).flat())
  const size = bytes.reduce<number>((sum, text) => sum + Buffer.byteLength(String(text)), 0)
  // The words: firebase/firebase-admin-go issue 580.
  return size > limit ? invalidArgument('Android message is too big') : undefined
}

function parse(body: Buffer): Fields | undefined {
  if (!isUtf8(body)) return undefined
  try {
    const value: unknown = JSON.parse(body.toString())
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Maps whose keys are the sender's own. */
const MAPS: readonly string[] = ['data', 'headers', 'payload']

function namedAlike(value: Fields): Fields {
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => {
      const key = camelCase(name)
      return [key, isObject(each) && !MAPS.includes(key) ? namedAlike(each) : each]
    }),
  )
}
