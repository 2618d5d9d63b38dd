import type { PushRequest, PushType } from './request-rules.ts'

/** What a phone shows of one push. */
export interface ShownNotification {
  apnsId: string
  topic: string
  pushType: PushType
  priority: number
  /** Unix seconds, as it was sent. */
  expiration?: number
  collapseId?: string
  /** How many earlier pushes with the same collapse id this one replaced. */
  repeats: number
  /** Milliseconds. */
  receivedAt: number
  title?: string
  subtitle?: string
  body?: string
  badge?: number
  sound?: unknown
  threadId?: string
  category?: string
  /** What stands beside `aps`. */
  custom: Record<string, unknown>
}

export interface Phone {
  token: string
  /** Pushes received, also those that were replaced or forgotten. */
  received: number
  /** Oldest first. */
  notifications: ShownNotification[]
}

export interface PhoneLimits {
  /** Notifications kept per phone; default 100. */
  perPhone?: number
  /** Phones kept; default 10,000. Those that have been silent longest are forgotten, a tenth at a time. */
  phones?: number
  /** Memory for all of them; default 64 MiB. */
  bytes?: number
}

export interface Phones {
  show(push: PushRequest, payload: string, receivedAt: number): void
  /** An empty one for a token that has received nothing. */
  phone(token: string): Phone
  /** Most recently used last. */
  list(): { token: string; received: number; shown: number }[]
  clear(): void
}

// The payload stays text until somebody looks: parsed, it would take several times the memory.
interface Banner {
  push: PushRequest
  payload: string
  repeats: number
  receivedAt: number
}

interface PhoneRecord {
  received: number
  bytes: number
  /** By collapse id where there is one, in the order of the last change. */
  banners: Map<string, Banner>
}

// Roughly what V8 takes for a banner besides its payload.
const BANNER_BYTES = 600

/** The screens of all phones, in bounded memory. */
export function createPhones(limits: PhoneLimits = {}): Phones {
  const { perPhone = 100, phones: maxPhones = 10_000, bytes: maxBytes = 64 * 1024 * 1024 } = limits
  const phones = new Map<string, PhoneRecord>()
  let bytes = 0
  let sequence = 0

  /** Moves the phone to the end, so that the first one is always the one that has been silent longest. */
  function touch(token: string): PhoneRecord {
    const phone = phones.get(token) ?? { received: 0, bytes: 0, banners: new Map<string, Banner>() }
    phones.delete(token)
    phones.set(token, phone)
    return phone
  }

  function removeBanner(phone: PhoneRecord, key: string): Banner | undefined {
    const banner = phone.banners.get(key)
    if (banner === undefined) return undefined
    phone.banners.delete(key)
    phone.bytes -= sizeOf(banner)
    bytes -= sizeOf(banner)
    return banner
  }

  /** A tenth at once: each look at the front of a Map walks over the holes that earlier removals left. */
  function forgetSurplus(): void {
    if (phones.size <= maxPhones && bytes <= maxBytes) return
    const wantedPhones = maxPhones - Math.floor(maxPhones / 10)
    const wantedBytes = maxBytes - Math.floor(maxBytes / 10)
    for (const [token, phone] of phones) {
      if (phones.size === 1 || (phones.size <= wantedPhones && bytes <= wantedBytes)) return
      phones.delete(token)
      bytes -= phone.bytes
    }
  }

  return {
    show(push, payload, receivedAt) {
      const phone = touch(push.token)
      phone.received += 1
      const key = push.collapseId === undefined ? `${sequence++}` : `${push.topic}\n${push.collapseId}`
      const replaced = removeBanner(phone, key)
      const banner = { push, payload, receivedAt, repeats: replaced === undefined ? 0 : replaced.repeats + 1 }
      phone.banners.set(key, banner)
      phone.bytes += sizeOf(banner)
      bytes += sizeOf(banner)
      const oldest = phone.banners.keys().next()
      if (phone.banners.size > perPhone && !oldest.done) removeBanner(phone, oldest.value)
      forgetSurplus()
    },
    phone(token) {
      const key = token.toLowerCase()
      const phone = phones.get(key)
      const notifications = phone === undefined ? [] : Array.from(phone.banners.values(), viewBanner)
      return { token: key, received: phone?.received ?? 0, notifications }
    },
    list: () =>
      Array.from(phones, ([token, phone]) => ({
        token,
        received: phone.received,
        shown: phone.banners.size,
      })),
    clear() {
      phones.clear()
      bytes = 0
    },
  }
}

function sizeOf(banner: Banner): number {
  return BANNER_BYTES + banner.payload.length
}

function viewBanner(banner: Banner): ShownNotification {
  return viewNotification(banner.push, banner.payload, banner)
}

/** `payload` has passed checkPayload. */
export function viewNotification(
  push: PushRequest,
  payload: string,
  shown: { receivedAt: number; repeats: number },
): ShownNotification {
  const { aps, ...custom } = JSON.parse(payload) as { aps: Record<string, unknown> } & Record<string, unknown>
  const alert = typeof aps.alert === 'string' ? { body: aps.alert } : (aps.alert ?? {})
  const { token: _token, ...described } = push
  const view: Record<string, unknown> = {
    ...described,
    repeats: shown.repeats,
    receivedAt: shown.receivedAt,
    ...pick(alert as Record<string, unknown>, ALERT_VIEW),
    ...pick(aps, APS_VIEW),
    custom,
  }
  return view as unknown as ShownNotification
}

const ALERT_VIEW = { title: 'title', subtitle: 'subtitle', body: 'body' }
const APS_VIEW = { badge: 'badge', sound: 'sound', 'thread-id': 'threadId', category: 'category' }

function pick(source: Record<string, unknown>, names: Record<string, string>): Record<string, unknown> {
  const found = Object.entries(names).filter(([from]) => source[from] !== undefined)
  return Object.fromEntries(found.map(([from, to]) => [to, source[from]]))
}
