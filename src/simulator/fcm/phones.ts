import { randomBytes } from 'node:crypto'
import type { Clock } from '../../domain/clock.ts'
import type { SentMessage } from './message-rules.ts'

/** A message as an app or Android gets it. */
export interface ReceivedMessage {
  /** The end of the name that the sender was told. */
  id: string
  token: string
  /** Milliseconds; when FCM took it. */
  sentAt: number
  ttlSeconds: number
  priority: 'high' | 'normal'
  collapseKey?: string
  title?: string
  body?: string
  tag?: string
  sound?: string
  channelId?: string
  count?: number
  data: Readonly<Record<string, string>>
}

export interface Phone {
  token: string
  /** Everything that reached it, also what was replaced or forgotten. */
  received: number
  /** The last of it, oldest first. */
  messages: ReceivedMessage[]
  /** What Android shows, oldest first; a message with the tag of another has taken its place. */
  drawer: ReceivedMessage[]
  /** More was waiting than FCM keeps: the app was told to fetch what it missed (`onDeletedMessages`). */
  hasMissed: boolean
}

export interface Phones {
  deliver(message: ReceivedMessage): void
  /** What comes is kept as FCM keeps it: four collapsible messages, a hundred others. */
  switchOff(token: string): void
  /** Gets what was kept, as far as it has not expired. */
  switchOn(token: string): void
  /** An empty one for a token that has received nothing. */
  phone(token: string): Phone
  list(): { token: string; received: number; shown: number }[]
  clear(): void
}

const MAX_PHONES = 10_000
const MESSAGES_PER_PHONE = 100
const KEPT_COLLAPSIBLE = 4
const KEPT_OTHERS = 100
const DEFAULT_TTL_S = 2_419_200

interface PhoneRecord {
  isOff: boolean
  received: number
  hasMissed: boolean
  messages: ReceivedMessage[]
  /** By tag, or by id where there is none. */
  drawer: Map<string, ReceivedMessage>
  /** By collapse key; without one a notification has the app's. */
  collapsible: Map<string, ReceivedMessage>
  others: ReceivedMessage[]
}

export function createPhones(clock: Pick<Clock, 'now'>): Phones {
  const phones = new Map<string, PhoneRecord>()

  /** Moves the phone to the end, so that the first one is always the one that has been silent longest. */
  function touch(token: string): PhoneRecord {
    const phone = phones.get(token) ?? newPhone()
    phones.delete(token)
    phones.set(token, phone)
    const oldest = phones.keys().next()
    if (phones.size > MAX_PHONES && !oldest.done) phones.delete(oldest.value)
    return phone
  }

  return {
    deliver(message) {
      const phone = touch(message.token)
      if (phone.isOff) keep(phone, message)
      else show(phone, message)
    },
    switchOff(token) {
      touch(token).isOff = true
    },
    switchOn(token) {
      const phone = touch(token)
      const kept = [...phone.collapsible.values(), ...phone.others]
      phone.isOff = false
      phone.collapsible.clear()
      phone.others = []
      const isAlive = ({ sentAt, ttlSeconds }: ReceivedMessage) => clock.now() < sentAt + ttlSeconds * 1000
      for (const message of kept.filter(isAlive)) show(phone, message)
    },
    phone(token) {
      const { received, messages, drawer, hasMissed } = phones.get(token) ?? newPhone()
      return { token, received, messages: [...messages], drawer: [...drawer.values()], hasMissed }
    },
    list: () =>
      Array.from(phones, ([token, { received, drawer }]) => ({ token, received, shown: drawer.size })),
    clear: () => phones.clear(),
  }
}

function newPhone(): PhoneRecord {
  return {
    isOff: false,
    received: 0,
    hasMissed: false,
    messages: [],
    drawer: new Map(),
    collapsible: new Map(),
    others: [],
  }
}

function isNotification({ title, body }: ReceivedMessage): boolean {
  return title !== undefined || body !== undefined
}

function show(phone: PhoneRecord, message: ReceivedMessage): void {
  phone.received += 1
  phone.messages.push(message)
  if (phone.messages.length > MESSAGES_PER_PHONE) phone.messages.shift()
  if (isNotification(message)) putLast(phone.drawer, message.tag ?? message.id, message, MESSAGES_PER_PHONE)
}

/** firebase.google.com, "Non-collapsible and collapsible messages". Which four are kept is Google's secret. */
function keep(phone: PhoneRecord, message: ReceivedMessage): void {
  if (isNotification(message) || message.collapseKey !== undefined) {
    putLast(phone.collapsible, message.collapseKey ?? '', message, KEPT_COLLAPSIBLE)
    return
  }
  phone.others.push(message)
  if (phone.others.length <= KEPT_OTHERS) return
  phone.others = []
  phone.hasMissed = true
}

function putLast<V>(map: Map<string, V>, key: string, value: V, limit: number): void {
  map.delete(key)
  map.set(key, value)
  const oldest = map.keys().next()
  if (map.size > limit && !oldest.done) map.delete(oldest.value)
}

type Fields = Readonly<Record<string, unknown>>

export function describeMessage(sent: SentMessage, now: number): ReceivedMessage {
  const { token, data, android } = sent
  const { ttl = `${DEFAULT_TTL_S}s`, priority, collapseKey, notification: own = {} } = android
  // What Android is told apart wins over what all are told.
  const shown: Fields = { ...sent.notification, ...(own as Fields) }
  const { title, body, tag, sound, channelId, notificationCount: count } = shown
  const described: Fields = {
    id: `0:${now * 1000}%${randomBytes(8).toString('hex')}`,
    token,
    sentAt: now,
    ttlSeconds: Number(String(ttl).slice(0, -1)),
    priority: String(priority).toLowerCase() === 'high' ? 'high' : 'normal',
    ...defined({ collapseKey, title, body, tag, sound, channelId, count }),
    data,
  }
  return described as unknown as ReceivedMessage
}

function defined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
