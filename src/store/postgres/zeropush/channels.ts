import type { ChannelChange } from '../../zeropush-registry.ts'
import type { Queryable } from '../connection.ts'
import { clean } from '../text.ts'
import type { WriteContext } from '../write-context.ts'

const CHANNELS_OF = { text: 'SELECT channel FROM zeropush_channel WHERE token = $1 ORDER BY channel' }
const ADD = {
  text: `INSERT INTO zeropush_channel (channel, token) SELECT c, $2 FROM unnest($1::text[]) c ON CONFLICT DO NOTHING`,
}
const REMOVE = { text: 'DELETE FROM zeropush_channel WHERE channel = ANY ($1::text[]) AND token = $2' }
const REMOVE_ALL = { text: 'DELETE FROM zeropush_channel WHERE token = $1' }
const CLEAR = { text: 'DELETE FROM zeropush_channel WHERE channel = $1' }
/** Two changes of one device's channels are made one after the other, so that together they are not too many. */
const LOCK_DEVICE = { text: 'SELECT FROM zeropush_device WHERE token = $1 FOR UPDATE' }

export async function readChannels(db: Queryable, token: string): Promise<string[]> {
  const { rows } = await db.query(CHANNELS_OF, [token])
  return rows.map(([channel]) => String(channel))
}

export async function changeChannels(
  context: WriteContext,
  input: { token: string; change: ChannelChange },
): Promise<string[] | 'unknown' | 'too-many-channels'> {
  const token = clean(input.token)
  const { change } = input
  if ((await context.query(LOCK_DEVICE, [token])).count === 0) return 'unknown'
  if (change.change === 'remove') {
    await context.query(REMOVE, [change.channels.map(clean), token])
    return readChannels(context, token)
  }
  const kept = change.change === 'add' ? await readChannels(context, token) : []
  if (new Set([...kept, ...change.channels]).size > change.maxChannels) return 'too-many-channels'
  if (change.change === 'replace') await removeFromAll(context, token)
  await addTo(context, token, change.channels)
  return readChannels(context, token)
}

export async function addTo(
  context: WriteContext,
  token: string,
  channels: readonly string[],
): Promise<void> {
  if (channels.length > 0) await context.query(ADD, [channels.map(clean), token])
}

export async function removeFromAll(context: WriteContext, token: string): Promise<void> {
  await context.query(REMOVE_ALL, [token])
}

export async function clearChannel(context: WriteContext, { channel }: { channel: string }): Promise<number> {
  return (await context.query(CLEAR, [clean(channel)])).count
}
