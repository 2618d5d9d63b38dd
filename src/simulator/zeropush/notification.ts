import { type Badge, MOST_BADGE, parseBadge } from './badge.ts'
import { isObject, type Parameters, type ReadParameters } from './parameters.ts'

export interface ZeroPushNotification {
  /** What the phone shows of it: the text, or the `body` of the dictionary. */
  alert?: string
  badge?: Badge
  sound?: string
  category?: string
  info?: Parameters
  /** Unix seconds. */
  expiry?: number
}

/** Bytes that Apple took of the interface that ZeroPush spoke with it. */
const MAX_PAYLOAD_BYTES = 2048
const ALERT_KEYS = ['body', 'action-loc-key', 'loc-key', 'loc-args', 'launch-image']
/** Fields that belong to the call, or to Safari and Android, of which this shows nothing. */
const OTHER_FIELDS = [
  ...['auth_token', 'device_token', 'device_tokens', 'channel', 'content_available'],
  ...['title', 'body', 'url_args', 'label', 'data', 'collapse_key', 'delay_while_idle', 'time_to_live'],
]

type Field = keyof ZeroPushNotification
type Reader = (value: unknown, isForm: boolean) => unknown

const text: Reader = value => (typeof value === 'string' ? value : undefined)

/** Each undefined for what does not fit. */
const READERS: Readonly<Record<Field, Reader>> = {
  alert: readAlert,
  badge: parseBadge,
  sound: text,
  category: text,
  info: (value, isForm) => (isObject(value) ? value : isForm ? parseObject(value) : undefined),
  expiry: readExpiry,
}

/** The notification, or what is wrong with it. */
export function readNotification({ parameters, isForm }: ReadParameters): ZeroPushNotification | string {
  const notification: Partial<Record<Field, unknown>> = {}
  for (const [name, value] of Object.entries(parameters)) {
    if (OTHER_FIELDS.includes(name)) continue
    // The service may have passed over such a field; here it is a slip.
    if (!isField(name)) return 'there is a parameter that is none of a notification'
    const read = READERS[name](value, isForm)
    if (read === undefined) return `${name} does not fit`
    notification[name] = read
  }
  const says = ['alert', 'badge', 'sound', 'content_available', 'body', 'data']
  if (!says.some(name => parameters[name] !== undefined)) return 'there is nothing to notify of'
  if (payloadBytes(notification) > MAX_PAYLOAD_BYTES)
    return `the payload is longer than ${MAX_PAYLOAD_BYTES} bytes`
  return notification as ZeroPushNotification
}

function isField(name: string): name is Field {
  return Object.hasOwn(READERS, name)
}

/** With the longest badge that a device may come to. */
function payloadBytes({ info, expiry: _, ...aps }: Partial<Record<Field, unknown>>): number {
  const longest = aps.badge === undefined ? {} : { badge: MOST_BADGE }
  return Buffer.byteLength(JSON.stringify({ aps: { ...aps, ...longest }, info }))
}

function readAlert(value: unknown, isForm: boolean): string | undefined {
  const object = isObject(value) ? value : isForm ? parseObject(value) : undefined
  if (object === undefined || !Object.keys(object).every(key => ALERT_KEYS.includes(key))) {
    return typeof value === 'string' ? value : undefined
  }
  return typeof object.body === 'string' ? object.body : ''
}

/** Seconds: the same instant in milliseconds would be in some fifty thousand years. */
function readExpiry(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : value
  return Number.isInteger(seconds) && (seconds as number) >= 0 && (seconds as number) < 100_000_000_000
    ? (seconds as number)
    : undefined
}

/** An object within a form is JSON in a text. */
function parseObject(value: unknown): Parameters | undefined {
  if (typeof value !== 'string' || !value.startsWith('{')) return undefined
  try {
    const parsed: unknown = JSON.parse(value)
    return isObject(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}
