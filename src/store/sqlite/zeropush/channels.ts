import type { ChannelChange, ChannelLimits, TooMany } from '../../zeropush-registry.ts'
import type { Sql } from '../statements.ts'
import type { WriteContext } from '../write-context.ts'

const CHANNELS_OF = 'SELECT channel FROM zeropush_channel WHERE token = ? ORDER BY channel'
const ADD = 'INSERT OR IGNORE INTO zeropush_channel (channel, token) VALUES (?, ?)'
const REMOVE = 'DELETE FROM zeropush_channel WHERE channel = ? AND token = ?'
const REMOVE_ALL = 'DELETE FROM zeropush_channel WHERE token = ?'
const CLEAR = 'DELETE FROM zeropush_channel WHERE channel = ?'
const EXISTS = 'SELECT 1 FROM zeropush_device WHERE token = ?'
// Those who come back must come in anew: a channel would hold any number of them.
const REMOVE_DEAD = `
  DELETE FROM zeropush_channel WHERE channel = ?1 AND token IN (
    SELECT zeropush_channel.token FROM zeropush_channel
    JOIN zeropush_device ON zeropush_device.token = zeropush_channel.token
    WHERE channel = ?1 AND marked_inactive_at IS NOT NULL)`
const SOME = 'SELECT 1 FROM zeropush_channel WHERE channel = ? LIMIT ?'
// As many as it takes to know.
const SOME_ACTIVE = `
  SELECT 1 FROM zeropush_channel JOIN zeropush_device ON zeropush_device.token = zeropush_channel.token
  WHERE channel = ? AND marked_inactive_at IS NULL LIMIT ?`

export function readChannels(sql: Sql, token: string): string[] {
  return sql(CHANNELS_OF)
    .all(token)
    .map(row => String(row.channel))
}

export function changeChannels(
  context: WriteContext,
  { token, change }: { token: string; change: ChannelChange },
): string[] | 'unknown' | TooMany {
  if (context.sql(EXISTS).get(token) === undefined) return 'unknown'
  if (change.change === 'remove') {
    for (const channel of change.channels) context.sql(REMOVE).run(channel, token)
    return readChannels(context.sql, token)
  }
  const former = readChannels(context.sql, token)
  const wanted = change.change === 'add' ? [...former, ...change.channels] : change.channels
  const excess = tooMany(context.sql, { former, wanted }, change)
  if (excess !== undefined) return excess
  if (change.change === 'replace') removeFromAll(context, token)
  addTo(context, token, change)
  return readChannels(context.sql, token)
}

/** Whether a device may have these channels. In one that it is in already it stays. */
export function tooMany(
  sql: Sql,
  { former, wanted }: { former: readonly string[]; wanted: readonly string[] },
  { maxChannels, maxDevices }: ChannelLimits,
): TooMany | undefined {
  if (new Set(wanted).size > maxChannels) return 'too-many-channels'
  if (maxDevices === undefined) return undefined
  const isFull = (channel: string) => sql(SOME_ACTIVE).all(channel, maxDevices).length === maxDevices
  return wanted.some(channel => !former.includes(channel) && isFull(channel)) ? 'too-many-devices' : undefined
}

/** Where there is a limit the dead make room. */
export function addTo(
  { sql }: WriteContext,
  token: string,
  { channels, maxDevices }: Pick<ChannelLimits, 'maxDevices'> & { channels: readonly string[] },
): void {
  for (const channel of channels) {
    if (maxDevices !== undefined && sql(SOME).all(channel, maxDevices).length === maxDevices)
      sql(REMOVE_DEAD).run(channel)
    sql(ADD).run(channel, token)
  }
}

export function removeFromAll(context: WriteContext, token: string): void {
  context.sql(REMOVE_ALL).run(token)
}

export function clearChannel(context: WriteContext, { channel }: { channel: string }): number {
  return Number(context.sql(CLEAR).run(channel).changes)
}
