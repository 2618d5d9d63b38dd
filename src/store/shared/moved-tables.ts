/**
 * What goes along when a relay moves to another database, under the names of the target: all that is still needed. What is over,
 * the traces, stays where it is.
 */
export const MOVED_TABLES = [
  'secret',
  'proven_scope',
  'registration',
  'registration_move',
  'zeropush_device',
  'zeropush_channel',
  'duplicate',
  'delivery',
  'outbox',
] as const

export type MovedTable = (typeof MOVED_TABLES)[number]

/** By column. */
export type MovedRow = Readonly<Record<string, string | number | null>>

/** Behind which row of its table; JSON of its key. Absent: before the first. */
export type MovedPosition = string

export interface MovedPage {
  rows: readonly MovedRow[]
  /** Behind the last of them; absent when there are no others. */
  next?: MovedPosition
}
