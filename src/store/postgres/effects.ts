import { isZeropushRecipient } from '../../domain/zeropush-recipient.ts'
import type { DeliveryEffect } from '../shared/operations.ts'
import type { RegistrationEffect } from '../store.ts'
import { clean } from './text.ts'
import type { WriteContext } from './write-context.ts'
import { noteInactive } from './zeropush/inactive.ts'

const KEY_AND_VERSION = 'recipient = $1 AND device = $2 AND kind = $3 AND version = $4'
const ACCEPTED_PRECISION_MS = 3_600_000

const NOTE_ACCEPTED = {
  text: `UPDATE registration SET last_accepted_at = $5
    WHERE ${KEY_AND_VERSION} AND $5 - coalesce(last_accepted_at, 0) >= ${ACCEPTED_PRECISION_MS}`,
}
const LEARN_ENVIRONMENT = {
  text: `UPDATE registration SET environment = $5, environment_source = 'learned', last_accepted_at = $6,
    version = nextval('registration_version') WHERE ${KEY_AND_VERSION}`,
}
const DISABLE = {
  text: `UPDATE registration SET state = 'disabled', state_reason = $5, version = nextval('registration_version')
    WHERE ${KEY_AND_VERSION} AND registered_at <= $6`,
}
// A strike alone keeps the version, so that each of several deliveries under way counts.
const STRIKE = {
  text: `UPDATE registration SET strikes = strikes + 1,
    state = CASE WHEN strikes + 1 >= $6 THEN 'suspended' ELSE state END,
    state_reason = CASE WHEN strikes + 1 >= $6 THEN $5 ELSE state_reason END,
    version = CASE WHEN strikes + 1 >= $6 THEN nextval('registration_version') ELSE version END
    WHERE ${KEY_AND_VERSION}`,
}

/** True for an effect that changes nothing of how is sent: many of them are noted at once. */
export function isOnlyNoted(effect: RegistrationEffect): boolean {
  return effect.kind === 'accepted' && effect.learnedEnvironment === undefined
}

/** What attempts revealed about registrations, unless those have changed since. */
export async function applyEffects(
  context: WriteContext,
  settled: { recipient: string; at: number },
  effects: readonly DeliveryEffect[],
): Promise<void> {
  for (const effect of effects) await applyEffect(context, settled, effect)
}

async function applyEffect(
  context: WriteContext,
  { recipient, at }: { recipient: string; at: number },
  { device, kind, effect }: DeliveryEffect,
): Promise<void> {
  const key = [clean(recipient), clean(device), kind, effect.version]
  if (isOnlyNoted(effect)) {
    await context.query(NOTE_ACCEPTED, [...key, at])
    return
  }
  if ((await change(context, key, { at, effect })) > 0) context.change(recipient)
  if (effect.kind !== 'accepted' && isZeropushRecipient(recipient)) await noteInactive(context, recipient, at)
}

async function change(
  context: WriteContext,
  key: readonly unknown[],
  { at, effect }: { at: number; effect: RegistrationEffect },
): Promise<number> {
  switch (effect.kind) {
    case 'accepted':
      return (await context.query(LEARN_ENVIRONMENT, [...key, effect.learnedEnvironment, at])).count
    case 'unregistered':
      return (await context.query(DISABLE, [...key, clean(effect.reason), effect.since])).count
    case 'misaddressed':
      return (await context.query(STRIKE, [...key, clean(effect.reason), effect.suspendAt])).count
  }
}
