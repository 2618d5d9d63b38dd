import { zeropushRecipient } from '../../../domain/zeropush-recipient.ts'
import type { RemovalStep } from '../../shared/removal-step.ts'
import type { TooMany, ZeropushRegistration } from '../../zeropush-registry.ts'
import { lockToken } from '../locks.ts'
import { register } from '../register.ts'
import { removeRecipient } from '../removal.ts'
import { clean } from '../text.ts'
import type { WriteContext } from '../write-context.ts'
import { addTo, readChannels, removeFromAll, tooMany } from './channels.ts'

const ADD = {
  text: 'INSERT INTO zeropush_device (token, recipient, badge) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING',
}
const MARK_ACTIVE = { text: 'UPDATE zeropush_device SET marked_inactive_at = NULL WHERE token = $1' }
const REMOVE = { text: 'DELETE FROM zeropush_device WHERE token = $1' }
/** A device has one registration; its recipient already says which device it is. */
const DEVICE = 'zeropush'

export async function registerZeropush(
  context: WriteContext,
  { command }: { command: ZeropushRegistration },
): Promise<'created' | 'refreshed' | TooMany> {
  const { channels, maxChannels, maxDevices, at, ...address } = command
  const token = clean(command.token)
  await lockToken(context, token)
  const former = await readChannels(context, token)
  const limits = { maxChannels, maxDevices }
  const excess = await tooMany(context, { former, wanted: [...former, ...channels] }, limits)
  if (excess !== undefined) return excess
  const recipient = zeropushRecipient(token)
  const { count } = await context.query(ADD, [token, recipient])
  await context.query(MARK_ACTIVE, [token])
  await addTo(context, token, { channels, maxDevices })
  const key = { recipient, device: DEVICE, kind: 'alert' } as const
  await register(context, { ...address, ...key, token, at, maxDevices: 1, isShared: true })
  return count === 0 ? 'refreshed' : 'created'
}

export async function removeZeropush(
  context: WriteContext,
  input: { token: string; at: number },
): Promise<RemovalStep> {
  const token = clean(input.token)
  await lockToken(context, token)
  await context.query(REMOVE, [token])
  await removeFromAll(context, token)
  return removeRecipient(context, { recipient: zeropushRecipient(token), at: input.at })
}
