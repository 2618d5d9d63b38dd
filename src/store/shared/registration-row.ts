import type {
  EnvironmentSource,
  Preview,
  ProviderName,
  Registration,
  RegistrationKind,
  RegistrationState,
} from '../../domain/registration.ts'

/** Rows are read as arrays, in this order: on the way of every message, that is half the price of objects. */
export const REGISTRATION_COLUMNS = [
  ...['recipient', 'device', 'kind', 'provider', 'token', 'app', 'environment', 'environment_source'],
  ...['registered_at', 'state', 'strikes', 'version', 'name', 'locale', 'preview', 'state_reason'],
  ...['last_accepted_at', 'first_version'],
] as const

export type RegistrationRow = [
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

export function toRegistration(row: RegistrationRow): Registration {
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
