import { isUtf8 } from 'node:buffer'
import { type Refusal, refusal } from './refusal.ts'
import type { PushType } from './request-rules.ts'

/** In bytes. Checked while the payload arrives; beyond it the answer is 413 PayloadTooLarge. */
export function payloadLimit(pushType: PushType): number {
  return pushType === 'voip' ? 5120 : 4096
}

type Rule = readonly [fits: (value: unknown) => boolean, expected: string]

const TEXT: Rule = [value => typeof value === 'string' && value.isWellFormed(), 'be well-formed text']
const TEXTS: Rule = [value => Array.isArray(value) && value.every(TEXT[0]), 'be an array of texts']
const FLAG: Rule = [value => value === 1 || value === 0, 'be 1 or 0']
const NUMBER: Rule = [value => typeof value === 'number', 'be a number']
const OBJECT: Rule = [isObject, 'be an object']
const LEVELS: readonly unknown[] = ['passive', 'active', 'time-sensitive', 'critical']
const EVENTS: readonly unknown[] = ['start', 'update', 'end']

// developer.apple.com, "Generating a remote notification": the keys and their types.
const ALERT_RULES: Record<string, Rule> = {
  title: TEXT,
  subtitle: TEXT,
  body: TEXT,
  'launch-image': TEXT,
  'title-loc-key': TEXT,
  'title-loc-args': TEXTS,
  'subtitle-loc-key': TEXT,
  'subtitle-loc-args': TEXTS,
  'loc-key': TEXT,
  'loc-args': TEXTS,
  'action-loc-key': TEXT,
}

const SOUND_RULES: Record<string, Rule> = {
  critical: FLAG,
  name: TEXT,
  volume: [value => typeof value === 'number' && value >= 0 && value <= 1, 'be between 0 and 1'],
}

const APS_RULES: Record<string, Rule> = {
  alert: [value => TEXT[0](value) || isObject(value), 'be a text or an object'],
  badge: [value => Number.isSafeInteger(value) && (value as number) >= 0, 'be a non-negative integer'],
  sound: [value => TEXT[0](value) || isObject(value), 'be a text or an object'],
  'thread-id': TEXT,
  category: TEXT,
  'content-available': FLAG,
  'mutable-content': FLAG,
  'target-content-id': TEXT,
  'interruption-level': [value => LEVELS.includes(value), 'be one of its four values'],
  'relevance-score': NUMBER,
  'filter-criteria': TEXT,
  'stale-date': NUMBER,
  'content-state': OBJECT,
  timestamp: NUMBER,
  event: [value => EVENTS.includes(value), 'be start, update or end'],
  'dismissal-date': NUMBER,
  'attributes-type': TEXT,
  attributes: OBJECT,
  'input-push-channel': TEXT,
  'input-push-token': NUMBER,
}

const VISIBLE = ['alert', 'badge', 'sound'] as const

/**
 * Apple answers 200 to most malformed payloads and shows nothing. A stand-in that did so would hide the mistake, so this
 * one answers 400 `BadPayload`, a reason that Apple does not have, and names the place.
 */
export function checkPayload(body: Buffer, pushType: PushType): Refusal | undefined {
  if (body.length === 0) return refusal(400, 'PayloadEmpty')
  const payload = parse(body)
  if (payload === undefined) return refusal(400, 'BadPayload', 'must be a JSON object in UTF-8')
  const problem = findProblem(payload.aps, pushType)
  return problem === undefined ? undefined : refusal(400, 'BadPayload', problem)
}

function parse(body: Buffer): Record<string, unknown> | undefined {
  if (!isUtf8(body)) return undefined
  try {
    const value: unknown = JSON.parse(body.toString())
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function findProblem(aps: unknown, pushType: PushType): string | undefined {
  if (!isObject(aps)) return 'aps must be an object'
  return (
    findMisfit(aps, APS_RULES, 'aps') ??
    (isObject(aps.alert) ? findMisfit(aps.alert, ALERT_RULES, 'aps.alert') : undefined) ??
    (isObject(aps.sound) ? findMisfit(aps.sound, SOUND_RULES, 'aps.sound') : undefined) ??
    findMismatch(aps, pushType)
  )
}

/** Custom keys belong beside `aps`: inside, Apple ignores them. */
function findMisfit(
  value: Record<string, unknown>,
  rules: Record<string, Rule>,
  place: string,
): string | undefined {
  for (const key in value) {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined
    if (rule === undefined) return `${place} has a key that is not Apple's`
    if (!rule[0](value[key])) return `${place}.${key} must ${rule[1]}`
  }
  return undefined
}

/** The push type must describe the payload: Apple delays or drops what does not fit. */
function findMismatch(aps: Record<string, unknown>, pushType: PushType): string | undefined {
  const isVisible = VISIBLE.some(key => Object.hasOwn(aps, key))
  if (pushType === 'alert') return findAlertMismatch(aps, isVisible)
  if (pushType !== 'background') return undefined
  if (aps['content-available'] !== 1) return 'aps.content-available must be 1 in a background push'
  return isVisible ? 'aps of a background push must have neither alert, badge nor sound' : undefined
}

function findAlertMismatch(aps: Record<string, unknown>, isVisible: boolean): string | undefined {
  if (!isVisible) return 'aps of an alert push must have alert, badge or sound'
  const needsAlert = aps['mutable-content'] === 1 && !Object.hasOwn(aps, 'alert')
  return needsAlert ? 'aps.mutable-content needs an alert' : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
