import { isZeropushRecipient } from '../../domain/zeropush-recipient.ts'
import type { DeliveryEffect } from '../shared/operations.ts'
import type { RegistrationEffect } from '../store.ts'
import type { WriteContext } from './write-context.ts'
import { noteInactive } from './zeropush/inactive.ts'

const ACCEPTED_PRECISION_MS = 3_600_000

const KEY_AND_VERSION = 'recipient = ? AND device = ? AND kind = ? AND version = ?'

const NOTE_ACCEPTED = `UPDATE registration SET last_accepted_at = ? WHERE ${KEY_AND_VERSION}`
const LEARN_ENVIRONMENT = `
  UPDATE registration SET environment = ?, environment_source = 'learned', last_accepted_at = ?, version = ?
  WHERE ${KEY_AND_VERSION}`
const DISABLE = `
  UPDATE registration SET state = 'disabled', state_reason = ?, version = ?
  WHERE ${KEY_AND_VERSION} AND registered_at <= ?`
// A strike alone keeps the version, so that each of several deliveries under way counts.
const STRIKE = `
  UPDATE registration SET strikes = strikes + 1,
    state = CASE WHEN strikes + 1 >= ?1 THEN 'suspended' ELSE state END,
    state_reason = CASE WHEN strikes + 1 >= ?1 THEN ?2 ELSE state_reason END,
    version = CASE WHEN strikes + 1 >= ?1 THEN ?3 ELSE version END
  WHERE recipient = ?4 AND device = ?5 AND kind = ?6 AND version = ?7`

type Key = [recipient: string, device: string, kind: string, version: number]

/** What an attempt revealed about a registration, unless that has changed since. */
export function applyEffect(
  context: WriteContext,
  { recipient, at }: { recipient: string; at: number },
  { device, kind, effect }: DeliveryEffect,
): void {
  const key: Key = [recipient, device, kind, effect.version]
  switch (effect.kind) {
    case 'accepted':
      if (effect.learnedEnvironment === undefined) noteAccepted(context, key, at)
      else learnEnvironment(context, key, { at, environment: effect.learnedEnvironment })
      return
    case 'unregistered':
      context.sql(DISABLE).run(effect.reason, context.change(recipient), ...key, effect.since)
      break
    case 'misaddressed':
      strike(context, key, effect)
      break
  }
  if (isZeropushRecipient(recipient)) noteInactive(context, recipient, at)
}

// Almost always there is nothing to write, which is seen without asking the database. Not announced as a change:
// nothing is sent differently because of it.
function noteAccepted(context: WriteContext, key: Key, at: number): void {
  const [recipient, device, kind, version] = key
  const { active } = context.registrations.of(recipient)
  const known = active.find(registration => registration.device === device && registration.kind === kind)
  if (known?.version !== version || at - (known.lastAcceptedAt ?? 0) < ACCEPTED_PRECISION_MS) return
  context.sql(NOTE_ACCEPTED).run(at, ...key)
  context.registrations.forget(recipient)
}

function learnEnvironment(
  context: WriteContext,
  key: Key,
  { at, environment }: { at: number; environment: string },
): void {
  context.sql(LEARN_ENVIRONMENT).run(environment, at, context.change(key[0]), ...key)
}

type Misaddressed = Extract<RegistrationEffect, { kind: 'misaddressed' }>

function strike(context: WriteContext, key: Key, { suspendAt, reason }: Misaddressed): void {
  context.sql(STRIKE).run(suspendAt, reason, context.change(key[0]), ...key)
}
