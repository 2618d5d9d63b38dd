import type { ChannelChange } from '../../zeropush-registry.ts'
import type { Sql } from '../statements.ts'
import type { WriteContext } from '../write-context.ts'

const CHANNELS_OF = 'SELECT channel FROM zeropush_channel WHERE token = ? ORDER BY channel'
const ADD = 'INSERT OR IGNORE INTO zeropush_channel (channel, token) VALUES (?, ?)'
const REMOVE = 'DELETE FROM zeropush_channel WHERE channel = ? AND token = ?'
const REMOVE_ALL = 'DELETE FROM zeropush_channel WHERE token = ?'
const CLEAR = 'DELETE FROM zeropush_channel WHERE channel = ?'
const EXISTS = 'SELECT 1 FROM zeropush_device WHERE token = ?'

export function readChannels(sql: Sql, token: string): string[] {
  return sql(CHANNELS_OF)
    .all(token)
    .map(row => String(row.channel))
}

export function changeChannels(
  context: WriteContext,
  { token, change }: { token: string; change: ChannelChange },
): string[] | 'unknown' | 'too-many-channels' {
  if (context.sql(EXISTS).get(token) === undefined) return 'unknown'
  if (change.change === 'remove') {
    for (const channel of change.channels) context.sql(REMOVE).run(channel, token)
    return readChannels(context.sql, token)
  }
  const kept = change.change === 'add' ? readChannels(context.sql, token) : []
  if (new Set([...kept, ...change.channels]).size > change.maxChannels) return 'too-many-channels'
  if (change.change === 'replace') removeFromAll(context, token)
  addTo(context, token, change.channels)
  return readChannels(context.sql, token)
}

export function addTo(context: WriteContext, token: string, channels: readonly string[]): void {
  for (const channel of channels) context.sql(ADD).run(channel, token)
}

export function removeFromAll(context: WriteContext, token: string): void {
  context.sql(REMOVE_ALL).run(token)
}

export function clearChannel(context: WriteContext, { channel }: { channel: string }): number {
  return Number(context.sql(CLEAR).run(channel).changes)
}
