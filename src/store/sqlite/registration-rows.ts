import type {
  EnvironmentSource,
  Preview,
  ProviderName,
  Registration,
  RegistrationKey,
  RegistrationKind,
  RegistrationState,
} from '../../domain/registration.ts'
import type { Sql } from './statements.ts'

// Rows are read as arrays: on the way of every message, that is half the price of objects.
const COLUMNS = `recipient, device, kind, provider, token, app, environment, environment_source, registered_at, state,
  strikes, version, name, locale, preview, state_reason, last_accepted_at,
  first_version`

type RegistrationRow = [
  recipient: string,
  device: string,
  kind: RegistrationKind,
  provider: ProviderName,
  token: string,
  app: string,
  environment: string,
  environmentSource: EnvironmentSource,
  registeredAt: number,
  state: RegistrationState,
  strikes: number,
  version: number,
  name: string | null,
  locale: string | null,
  preview: Preview | null,
  stateReason: string | null,
  lastAcceptedAt: number | null,
  firstVersion: number,
]

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

function toRegistration(row: RegistrationRow): Registration {
  const [recipient, device, kind, provider, token, app, environment, environmentSource, ...rest] = row
  const [
    registeredAt,
    state,
    strikes,
    version,
    name,
    locale,
    preview,
    stateReason,
    lastAcceptedAt,
    firstVersion,
  ] = rest
  const registration: Registration = {
    recipient,
    device,
    kind,
    provider,
    token,
    app,
    environment,
    environmentSource,
    registeredAt,
    state,
    strikes,
    version,
    firstVersion,
  }
  if (name !== null) registration.name = name
  if (locale !== null) registration.locale = locale
  if (preview !== null) registration.preview = preview
  if (stateReason !== null) registration.stateReason = stateReason
  if (lastAcceptedAt !== null) registration.lastAcceptedAt = lastAcceptedAt
  return registration
}
