import { zeropushRecipient } from '../../../domain/zeropush-recipient.ts'
import type { RemovalStep } from '../../shared/removal-step.ts'
import type { TooMany, ZeropushRegistration } from '../../zeropush-registry.ts'
import { register } from '../register.ts'
import { removeRecipient } from '../removal.ts'
import type { WriteContext } from '../write-context.ts'
import { addTo, readChannels, removeFromAll, tooMany } from './channels.ts'

const ADD = 'INSERT OR IGNORE INTO zeropush_device (token, recipient, badge) VALUES (?, ?, 0)'
const MARK_ACTIVE = 'UPDATE zeropush_device SET marked_inactive_at = NULL WHERE token = ?'
const REMOVE = 'DELETE FROM zeropush_device WHERE token = ?'
/** A device has one registration; its recipient already says which device it is. */
const DEVICE = 'zeropush'

export function registerZeropush(
  context: WriteContext,
  { command }: { command: ZeropushRegistration },
): 'created' | 'refreshed' | TooMany {
  const { token, channels, maxChannels, maxDevices, at, ...address } = command
  const former = readChannels(context.sql, token)
  const limits = { maxChannels, maxDevices }
  const excess = tooMany(context.sql, { former, wanted: [...former, ...channels] }, limits)
  if (excess !== undefined) return excess
  const recipient = zeropushRecipient(token)
  const { changes } = context.sql(ADD).run(token, recipient)
  context.sql(MARK_ACTIVE).run(token)
  addTo(context, token, { channels, maxDevices })
  const key = { recipient, device: DEVICE, kind: 'alert' } as const
  register(context, { ...address, ...key, token, at, maxDevices: 1, isShared: true })
  return changes === 0 ? 'refreshed' : 'created'
}

export function removeZeropush(
  context: WriteContext,
  { token, at }: { token: string; at: number },
): RemovalStep {
  context.sql(REMOVE).run(token)
  removeFromAll(context, token)
  return removeRecipient(context, { recipient: zeropushRecipient(token), at })
}
