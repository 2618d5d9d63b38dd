import type { BadgeChange } from '../../domain/badge.ts'
import type { ChannelChange, TooMany, ZeropushRegistration } from '../zeropush-registry.ts'
import type { RemovalStep } from './removal-step.ts'

/** What is written for the ZeroPush API, as values for the queue to the writer. */
export type ZeropushOperation =
  | { kind: 'zeropushRegister'; command: ZeropushRegistration }
  | { kind: 'zeropushRemove'; token: string; at: number }
  | { kind: 'zeropushBadge'; token: string; change: BadgeChange }
  | { kind: 'zeropushChannels'; token: string; change: ChannelChange }
  | { kind: 'zeropushClear'; channel: string }

export interface ZeropushResults {
  zeropushRegister: 'created' | 'refreshed' | TooMany
  zeropushRemove: RemovalStep
  zeropushBadge: number | undefined
  zeropushChannels: string[] | 'unknown' | TooMany
  zeropushClear: number
}
