import type { ChannelChange, ChannelLimits, TooMany } from '../../zeropush-registry.ts'
import type { Queryable } from '../connection.ts'
import { lockChannels } from '../locks.ts'
import { clean } from '../text.ts'
import type { WriteContext } from '../write-context.ts'

const CHANNELS_OF = { text: 'SELECT channel FROM zeropush_channel WHERE token = $1 ORDER BY channel' }
const ADD = {
  text: `INSERT INTO zeropush_channel (channel, token) SELECT c, $2 FROM unnest($1::text[]) c ON CONFLICT DO NOTHING`,
}
const REMOVE = { text: 'DELETE FROM zeropush_channel WHERE channel = ANY ($1::text[]) AND token = $2' }
const REMOVE_ALL = { text: 'DELETE FROM zeropush_channel WHERE token = $1' }
const CLEAR = { text: 'DELETE FROM zeropush_channel WHERE channel = $1' }
// Those who come back must come in anew: a channel would hold any number of them.
const REMOVE_DEAD = {
  text: `
  DELETE FROM zeropush_channel c USING zeropush_device d
  WHERE c.channel = ANY ($1::text[]) AND d.token = ANY (ARRAY(
      SELECT token FROM zeropush_channel WHERE channel = ANY ($1::text[])))
    AND d.token = c.token AND d.marked_inactive_at IS NOT NULL`,
}
// As many as it takes to know.
const FULL = {
  text: `
  SELECT n.channel FROM unnest($1::text[]) AS n(channel) CROSS JOIN LATERAL (
    SELECT count(*) AS devices FROM (
      SELECT FROM zeropush_channel c CROSS JOIN LATERAL (
        SELECT FROM zeropush_device WHERE token = c.token AND marked_inactive_at IS NULL OFFSET 0
      ) d WHERE c.channel = n.channel LIMIT $2
    ) active
  ) a WHERE a.devices >= $2`,
}

/** Two changes of one device's channels are made one after the other, so that together they are not too many. */
const LOCK_DEVICE = { text: 'SELECT FROM zeropush_device WHERE token = $1 FOR UPDATE' }

export async function readChannels(db: Queryable, token: string): Promise<string[]> {
  const { rows } = await db.query(CHANNELS_OF, [token])
  return rows.map(([channel]) => String(channel))
}

export async function changeChannels(
  context: WriteContext,
  input: { token: string; change: ChannelChange },
): Promise<string[] | 'unknown' | TooMany> {
  const token = clean(input.token)
  const { change } = input
  if ((await context.query(LOCK_DEVICE, [token])).count === 0) return 'unknown'
  if (change.change === 'remove') {
    await context.query(REMOVE, [change.channels.map(clean), token])
    return readChannels(context, token)
  }
  const former = await readChannels(context, token)
  const wanted = change.change === 'add' ? [...former, ...change.channels] : change.channels
  const excess = await tooMany(context, { former, wanted }, change)
  if (excess !== undefined) return excess
  if (change.change === 'replace') await removeFromAll(context, token)
  await addTo(context, token, change)
  return readChannels(context, token)
}

/**
 * Whether a device may have these channels. In one that it is in already it stays. Where there is a limit, nobody else puts
 * devices into them until the end of the transaction.
 */
export async function tooMany(
  context: WriteContext,
  { former, wanted }: { former: readonly string[]; wanted: readonly string[] },
  { maxChannels, maxDevices }: ChannelLimits,
): Promise<TooMany | undefined> {
  if (new Set(wanted).size > maxChannels) return 'too-many-channels'
  const added = wanted.filter(channel => !former.includes(channel)).map(clean)
  if (maxDevices === undefined || added.length === 0) return undefined
  await lockChannels(context, added)
  const { count } = await context.query(FULL, [added, maxDevices])
  return count === 0 ? undefined : 'too-many-devices'
}

/** Where there is a limit the dead make room. */
export async function addTo(
  context: WriteContext,
  token: string,
  { channels, maxDevices }: Pick<ChannelLimits, 'maxDevices'> & { channels: readonly string[] },
): Promise<void> {
  const added = channels.map(clean)
  if (added.length === 0) return
  if (maxDevices !== undefined) await context.query(REMOVE_DEAD, [added])
  await context.query(ADD, [added, token])
}

export async function removeFromAll(context: WriteContext, token: string): Promise<void> {
  await context.query(REMOVE_ALL, [token])
}

export async function clearChannel(context: WriteContext, { channel }: { channel: string }): Promise<number> {
  return (await context.query(CLEAR, [clean(channel)])).count
}
