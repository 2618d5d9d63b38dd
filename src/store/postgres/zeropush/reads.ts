import type { Listed, ZeropushDevice } from '../../zeropush-registry.ts'
import type { AsyncReads } from '../async-reads.ts'
import type { Answer, Queryable } from '../connection.ts'
import { clean } from '../text.ts'

const DEVICE = `d.token, d.badge, d.marked_inactive_at,
  ARRAY(SELECT channel FROM zeropush_channel c WHERE c.token = d.token ORDER BY channel)`
const ONE = { text: `SELECT ${DEVICE} FROM zeropush_device d WHERE token = $1` }
const ALL = { text: `SELECT ${DEVICE} FROM zeropush_device d ORDER BY token LIMIT $1 OFFSET $2` }
const COUNT = { text: 'SELECT count(*) FROM zeropush_device' }
const INACTIVE = {
  text: `SELECT ${DEVICE} FROM zeropush_device d WHERE marked_inactive_at >= $3
    ORDER BY marked_inactive_at DESC, token DESC LIMIT $1 OFFSET $2`,
}
const COUNT_INACTIVE = { text: 'SELECT count(*) FROM zeropush_device WHERE marked_inactive_at >= $1' }
const CHANNELS = {
  text: 'SELECT DISTINCT channel FROM zeropush_channel ORDER BY channel LIMIT $1 OFFSET $2',
}
const COUNT_CHANNELS = { text: 'SELECT count(DISTINCT channel) FROM zeropush_channel' }
const TOKENS_IN = { text: 'SELECT token FROM zeropush_channel WHERE channel = $1 ORDER BY token LIMIT $2' }
const NAMED = {
  text: `SELECT d.token, d.marked_inactive_at IS NULL
    FROM unnest($1::text[]) WITH ORDINALITY n(token, position) JOIN zeropush_device d USING (token) ORDER BY position`,
}
const NEXT = {
  text: `SELECT token FROM zeropush_device WHERE token > $1 AND marked_inactive_at IS NULL ORDER BY token LIMIT $2`,
}
const NEXT_IN = {
  text: `SELECT c.token FROM zeropush_channel c JOIN zeropush_device d USING (token)
    WHERE c.channel = $3 AND c.token > $1 AND d.marked_inactive_at IS NULL ORDER BY c.token LIMIT $2`,
}

type ZeropushReadName = Extract<keyof AsyncReads, `zeropush${string}`>

export function createZeropushReads(db: Queryable): Pick<AsyncReads, ZeropushReadName> {
  const tokensOf = ({ rows }: Answer) => rows.map(([token]) => String(token))
  return {
    zeropushDevice: async token => {
      const { rows } = await db.query(ONE, [clean(token)])
      return rows[0] === undefined ? undefined : toDevice(rows[0])
    },
    zeropushDevices: ({ limit, offset }) => list(db.query(ALL, [limit, offset]), db.query(COUNT), toDevice),
    zeropushInactive: ({ since, limit, offset }) =>
      list(db.query(INACTIVE, [limit, offset, since]), db.query(COUNT_INACTIVE, [since]), toDevice),
    zeropushChannels: ({ limit, offset }) =>
      list(db.query(CHANNELS, [limit, offset]), db.query(COUNT_CHANNELS), ([channel]) => String(channel)),
    zeropushTokensIn: async ({ channel, limit }) =>
      tokensOf(await db.query(TOKENS_IN, [clean(channel), limit])),
    zeropushNamed: async tokens => {
      const { rows } = await db.query(NAMED, [tokens.map(clean)])
      return rows.map(([token, isActive]) => ({ token: String(token), isActive: isActive === true }))
    },
    zeropushTargets: async ({ channel, after = '', limit }) => {
      const answer =
        channel === undefined
          ? await db.query(NEXT, [clean(after), limit])
          : await db.query(NEXT_IN, [clean(after), limit, clean(channel)])
      return tokensOf(answer).map(token => ({ token, isActive: true }))
    },
  }
}

async function list<T>(
  page: Promise<Answer>,
  count: Promise<Answer>,
  toEntry: (row: unknown[]) => T,
): Promise<Listed<T>> {
  const [{ rows }, total] = await Promise.all([page, count])
  return { entries: rows.map(toEntry), total: Number(total.rows[0]?.[0]) }
}

function toDevice([token, badge, markedInactiveAt, channels]: readonly unknown[]): ZeropushDevice {
  const inactive = markedInactiveAt === null ? {} : { markedInactiveAt: Number(markedInactiveAt) }
  return { token: String(token), badge: Number(badge), ...inactive, channels: channels as string[] }
}
