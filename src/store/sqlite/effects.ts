import type { DeliveryResult, RegistrationEffect, Settlement } from '../store.ts'
import type { WriteContext } from './write-context.ts'

const ACCEPTED_PRECISION_MS = 3_600_000

const KEY_AND_VERSION = 'recipient = ? AND device = ? AND kind = ? AND version = ?'

const NOTE_ACCEPTED = `
  UPDATE registration SET last_accepted_at = ?
  WHERE ${KEY_AND_VERSION} AND (last_accepted_at IS NULL OR last_accepted_at <= ?)`
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
export function applyEffect(context: WriteContext, settlement: Settlement, result: DeliveryResult): void {
  const { effect, record } = result
  if (effect === undefined) return
  const key: Key = [settlement.recipient, record.device, record.kind, effect.version]
  switch (effect.kind) {
    case 'accepted':
      noteAccepted(context, key, effect, settlement.at)
      return
    case 'unregistered':
      context.sql(DISABLE).run(effect.reason, context.change(settlement.recipient), ...key, effect.since)
      return
    case 'misaddressed': {
      const version = context.change(settlement.recipient)
      context.sql(STRIKE).run(effect.suspendAt, effect.reason, version, ...key)
      return
    }
  }
}

// The instant of the last acceptance is not announced as a change: nothing is sent differently because of it.
function noteAccepted(
  context: WriteContext,
  key: Key,
  effect: Extract<RegistrationEffect, { kind: 'accepted' }>,
  at: number,
): void {
  if (effect.learnedEnvironment === undefined) {
    context.sql(NOTE_ACCEPTED).run(at, ...key, at - ACCEPTED_PRECISION_MS)
    return
  }
  const version = context.change(key[0])
  context.sql(LEARN_ENVIRONMENT).run(effect.learnedEnvironment, at, version, ...key)
}
