import type {
  EnvironmentSource,
  Preview,
  ProviderName,
  Registration,
  RegistrationKey,
  RegistrationKind,
  RegistrationState,
} from '../../domain/registration.ts'
import type { FoundRegistration } from '../store.ts'
import type { Sql } from './write-context.ts'

interface RegistrationRow {
  recipient: string
  device: string
  kind: RegistrationKind
  provider: ProviderName
  token: string
  app: string
  environment: string
  environment_source: EnvironmentSource
  name: string | null
  locale: string | null
  preview: Preview | null
  registered_at: number
  state: RegistrationState
  state_reason: string | null
  strikes: number
  last_accepted_at: number | null
  version: number
}

const BY_RECIPIENT = 'SELECT * FROM registration WHERE recipient = ?'
const BY_KEY = 'SELECT * FROM registration WHERE recipient = ? AND device = ? AND kind = ?'

/** All registrations of a recipient, in every state. */
export function readRegistrations(sql: Sql, recipient: string): Registration[] {
  return sql(BY_RECIPIENT)
    .all(recipient)
    .map(row => toRegistration(row as unknown as RegistrationRow))
}

export function readRegistration(sql: Sql, key: RegistrationKey): Registration | undefined {
  const row = sql(BY_KEY).get(key.recipient, key.device, key.kind)
  return row === undefined ? undefined : toRegistration(row as unknown as RegistrationRow)
}

export function toFound(registration: Registration | undefined, revision: number): FoundRegistration {
  if (registration === undefined) return { found: false, reason: 'removed' }
  if (registration.state !== 'active') return { found: false, reason: registration.state }
  return { found: true, registration, revision }
}

function toRegistration(row: RegistrationRow): Registration {
  const registration: Registration = {
    recipient: row.recipient,
    device: row.device,
    kind: row.kind,
    provider: row.provider,
    token: row.token,
    app: row.app,
    environment: row.environment,
    environmentSource: row.environment_source,
    registeredAt: row.registered_at,
    state: row.state,
    strikes: row.strikes,
    version: row.version,
  }
  if (row.name !== null) registration.name = row.name
  if (row.locale !== null) registration.locale = row.locale
  if (row.preview !== null) registration.preview = row.preview
  if (row.state_reason !== null) registration.stateReason = row.state_reason
  if (row.last_accepted_at !== null) registration.lastAcceptedAt = row.last_accepted_at
  return registration
}
