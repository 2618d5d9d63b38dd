import type { ZeropushReads } from '../../shared/reads.ts'
import type { ZeropushDevice } from '../../zeropush-registry.ts'
import type { Sql } from '../statements.ts'
import { readChannels } from './channels.ts'

const COLUMNS = 'token, badge, marked_inactive_at AS markedInactiveAt'
const ONE = `SELECT ${COLUMNS} FROM zeropush_device WHERE token = ?`
const ALL = `SELECT ${COLUMNS} FROM zeropush_device ORDER BY token LIMIT ? OFFSET ?`
const COUNT = 'SELECT count(*) AS total FROM zeropush_device'
// SQLite uses a partial index only where the query repeats the index's own condition.
const IS_INACTIVE = 'marked_inactive_at IS NOT NULL AND marked_inactive_at >= ?'
const INACTIVE = `
  SELECT ${COLUMNS} FROM zeropush_device WHERE ${IS_INACTIVE} ORDER BY marked_inactive_at DESC, token DESC LIMIT ? OFFSET ?`
const COUNT_INACTIVE = `SELECT count(*) AS total FROM zeropush_device WHERE ${IS_INACTIVE}`
const CHANNELS = 'SELECT DISTINCT channel FROM zeropush_channel ORDER BY channel LIMIT ? OFFSET ?'
const COUNT_CHANNELS = 'SELECT count(DISTINCT channel) AS total FROM zeropush_channel'
const TOKENS_IN = 'SELECT token FROM zeropush_channel WHERE channel = ? ORDER BY token LIMIT ?'
const NEXT = `
  SELECT token FROM zeropush_device WHERE token > ? AND marked_inactive_at IS NULL ORDER BY token LIMIT ?`
const NEXT_IN = `
  SELECT zeropush_channel.token FROM zeropush_channel
  JOIN zeropush_device ON zeropush_device.token = zeropush_channel.token
  WHERE channel = ? AND zeropush_channel.token > ? AND marked_inactive_at IS NULL
  ORDER BY zeropush_channel.token LIMIT ?`

interface DeviceRow {
  token: string
  badge: number
  markedInactiveAt: number | null
}

export function createZeropushReads(sql: Sql): ZeropushReads {
  const toDevice = (row: unknown) => withChannels(sql, row as DeviceRow)
  const tokensOf = (rows: readonly Record<string, unknown>[]) => rows.map(({ token }) => String(token))
  return {
    zeropushDevice: token => {
      const row = sql(ONE).get(token)
      return row === undefined ? undefined : toDevice(row)
    },
    zeropushDevices: ({ limit, offset }) => ({
      entries: sql(ALL).all(limit, offset).map(toDevice),
      total: Number(sql(COUNT).get()?.total),
    }),
    zeropushInactive: ({ since, limit, offset }) => ({
      entries: sql(INACTIVE).all(since, limit, offset).map(toDevice),
      total: Number(sql(COUNT_INACTIVE).get(since)?.total),
    }),
    zeropushChannels: ({ limit, offset }) => ({
      entries: sql(CHANNELS)
        .all(limit, offset)
        .map(({ channel }) => String(channel)),
      total: Number(sql(COUNT_CHANNELS).get()?.total),
    }),
    zeropushTokensIn: ({ channel, limit }) => tokensOf(sql(TOKENS_IN).all(channel, limit)),
    zeropushNamed: tokens =>
      tokens.flatMap(token => {
        const row = sql(ONE).get(token)
        return row === undefined ? [] : [{ token, isActive: row.markedInactiveAt === null }]
      }),
    zeropushTargets: ({ channel, after = '', limit }) => {
      const rows =
        channel === undefined ? sql(NEXT).all(after, limit) : sql(NEXT_IN).all(channel, after, limit)
      return tokensOf(rows).map(token => ({ token, isActive: true }))
    },
  }
}

function withChannels(sql: Sql, { token, badge, markedInactiveAt }: DeviceRow): ZeropushDevice {
  const inactive = markedInactiveAt === null ? {} : { markedInactiveAt }
  return { token, badge, ...inactive, channels: readChannels(sql, token) }
}
