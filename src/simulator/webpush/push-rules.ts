import type { ReceivedRequest } from '../http-fault.ts'
import type { Refusal } from './refusals.ts'

export interface PushHeaders {
  /** Seconds. */
  ttl: number
  urgency: string
  topic?: string
}

const URGENCIES = ['very-low', 'low', 'normal', 'high']
/** RFC 8030 §5.2: a service must take at least 31 bits. */
const MAX_TTL = 2 ** 31 - 1

/** RFC 8030 §5 and RFC 8291 §4. The older `aesgcm` is refused, as UnifiedPush and new services do. */
export function readHeaders({ headers, body }: ReceivedRequest, maxBodyBytes: number): PushHeaders | Refusal {
  const { ttl, urgency = 'normal', topic } = headers
  if (ttl === undefined) return 'no-ttl'
  if (typeof ttl !== 'string' || !/^\d{1,10}$/.test(ttl) || Number(ttl) > MAX_TTL) return 'bad-ttl'
  if (typeof urgency !== 'string' || !URGENCIES.includes(urgency)) return 'bad-urgency'
  if (!isTopic(topic)) return 'bad-topic'
  if (body.length > maxBodyBytes) return 'too-large'
  // A push without a body wakes the browser all the same; only a body must be encrypted.
  if (body.length > 0 && headers['content-encoding'] !== 'aes128gcm') return 'bad-encoding'
  return { ttl: Number(ttl), urgency, ...(topic === undefined ? {} : { topic }) }
}

/** Stricter than RFC 8030 §5.4, which allows `-` and `_` too: Mozilla's documentation speaks of letters and digits. */
function isTopic(topic: unknown): topic is string | undefined {
  return topic === undefined || (typeof topic === 'string' && /^[A-Za-z0-9]{1,32}$/.test(topic))
}
