import type { BadgeChange } from '../domain/badge.ts'
import type { EnvironmentSource, ProviderName } from '../domain/registration.ts'
import type { RemoveResult } from './store.ts'

/**
 * The port to the devices and channels of the ZeroPush API, a part of the store. test/contract/store/zeropush.ts holds every
 * adapter to it. What store.ts says of its methods holds here, too.
 *
 * A device is known by its token. Sending to it goes the way of every message: it has one registration, shared and under the
 * recipient that domain/zeropush-recipient.ts derives, which no account can name and which moves nobody else's.
 */
export interface ZeropushRegistry {
  /**
   * Creates or refreshes a device and its registration, and adds it to the channels, in one commit. It is active again. Its
   * badge stays. Nothing was changed when there would be too many.
   */
  register(command: ZeropushRegistration): Promise<'created' | 'refreshed' | TooMany>

  /** Removes a device with its registration, channels and badge, as Store.removeRecipient does. `removed` is 0 when there was none. */
  remove(token: string, at: number): Promise<RemoveResult>

  /** Changes the badge of a device in one statement, so that none of several changes is lost. Answers it; undefined: no such device. */
  changeBadge(token: string, change: BadgeChange): Promise<number | undefined>

  /** Answers all channels of the device from then on, in order; nothing was changed when it answers a word. */
  changeChannels(token: string, change: ChannelChange): Promise<string[] | 'unknown' | TooMany>

  /** Takes every device out of a channel. Answers how many there were. */
  clearChannel(channel: string): Promise<number>

  device(token: string): Promise<ZeropushDevice | undefined>
  /** In the order of the tokens. */
  devices(page: Page): Promise<Listed<ZeropushDevice>>
  /** Marked inactive at or after `since`, the last one first. */
  inactive(page: Page & { since: number }): Promise<Listed<ZeropushDevice>>
  /** Those that have devices, in order. */
  channels(page: Page): Promise<Listed<string>>
  /** Tokens of a channel's devices in order, at most so many. */
  tokensIn(channel: string, limit: number): Promise<string[]>

  /** Those of the named devices that exist, active or not. */
  named(tokens: readonly string[]): Promise<ZeropushTarget[]>
  /** The next active devices after a token, in order: of a channel, or of all. */
  targets(query: TargetQuery): Promise<ZeropushTarget[]>
}

/** Channels of the device, or devices in one of them. */
export type TooMany = 'too-many-channels' | 'too-many-devices'

export interface ZeropushRegistration extends ChannelLimits {
  token: string
  provider: ProviderName
  app: string
  environment: string
  environmentSource: EnvironmentSource
  channels: readonly string[]
  at: number
}

export interface ChannelLimits {
  /** What a device may have in all. */
  maxChannels: number
  /** Active devices that a channel may have, for one more to come into it; the dead make room. Absent: any number. */
  maxDevices?: number | undefined
}

export type ChannelChange =
  | ({ change: 'add' | 'replace'; channels: readonly string[] } & ChannelLimits)
  | { change: 'remove'; channels: readonly string[] }

export interface ZeropushDevice {
  token: string
  badge: number
  /** When a provider said that the token is dead, or had refused it too often. Absent: it is active. */
  markedInactiveAt?: number
  /** In order. */
  channels: readonly string[]
}

export interface Page {
  offset: number
  limit: number
}

export interface Listed<T> {
  entries: readonly T[]
  /** Of all pages. */
  total: number
}

export interface ZeropushTarget {
  token: string
  isActive: boolean
}

export interface TargetQuery {
  /** Absent: all devices. */
  channel?: string
  /** Absent: from the first. */
  after?: string
  limit: number
}
