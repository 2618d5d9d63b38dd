import { hash } from 'node:crypto'
import type { Registration } from '../../domain/registration.ts'
import { REGISTRATION_COLUMNS, type RegistrationRow, toRegistration } from '../shared/registration-row.ts'
import type { Queryable } from './connection.ts'

export const REGISTRATION_WIDTH = REGISTRATION_COLUMNS.length

/** The columns of a registration, of a table of this name. */
export function registrationColumns(table: string): string {
  return REGISTRATION_COLUMNS.map(column => `${table}.${column}`).join(', ')
}

/** A registration in a row, from this column on; undefined when there is none. */
export function registrationAt(row: readonly unknown[], first: number): Registration | undefined {
  if (row[first] === null) return undefined
  return toRegistration(row.slice(first, first + REGISTRATION_WIDTH) as RegistrationRow)
}

const BY_RECIPIENT = {
  name: 'registrations-of',
  text: `SELECT ${registrationColumns('registration')}, account FROM registration WHERE recipient = $1
    ORDER BY recipient, device, kind`,
}

export interface AccountRegistration {
  registration: Registration
  /** See schema.ts. */
  account: number
}

/** All registrations of a recipient, in every state. */
export async function readRegistrations(db: Queryable, recipient: string): Promise<AccountRegistration[]> {
  const { rows } = await db.query(BY_RECIPIENT, [recipient])
  return rows.map(row => ({
    registration: toRegistration(row as RegistrationRow),
    account: Number(row[REGISTRATION_WIDTH]),
  }))
}

/** As the primary key has them. */
export function byDevice(a: Registration, b: Registration): number {
  return a.device < b.device ? -1 : 1
}

/** What stands for a token in an index. */
export function tokenKey(token: string): string {
  return uuidOf(token)
}

/** 128 bits of a text's SHA-256, in the form of a UUID, which PostgreSQL keeps in 16 bytes. */
export function uuidOf(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 32)
}
