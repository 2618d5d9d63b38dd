import type { Registration, RegistrationKey } from '../../domain/registration.ts'
import { REGISTRATION_COLUMNS, type RegistrationRow, toRegistration } from '../shared/registration-row.ts'
import type { Sql } from './statements.ts'

const COLUMNS = REGISTRATION_COLUMNS.join(', ')

const BY_RECIPIENT = `SELECT ${COLUMNS} FROM registration WHERE recipient = ?`
const BY_KEY = `SELECT ${COLUMNS} FROM registration WHERE recipient = ? AND device = ? AND kind = ?`

/** All registrations of a recipient, in every state. */
export function readRegistrations(sql: Sql, recipient: string): Registration[] {
  const statement = sql(BY_RECIPIENT)
  statement.setReturnArrays(true)
  return (statement.all(recipient) as unknown as RegistrationRow[]).map(toRegistration)
}

export function readRegistration(sql: Sql, key: RegistrationKey): Registration | undefined {
  const statement = sql(BY_KEY)
  statement.setReturnArrays(true)
  const row = statement.get(key.recipient, key.device, key.kind)
  return row === undefined ? undefined : toRegistration(row as unknown as RegistrationRow)
}
