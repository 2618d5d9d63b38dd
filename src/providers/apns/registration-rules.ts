import type { RegistrationCheck, RegistrationRequest, RegistrationRules } from '../../domain/registration.ts'

export interface ApnsRegistrationSettings {
  topics: readonly [string, ...string[]]
  /** What a registration may name. */
  environments: readonly string[]
  defaultEnvironment: string
}

/** Apple forbids to assume a length (REG page); this is our cap, four times today's. */
const MAX_TOKEN_HEX = 512

/** What Apple allows in a registration: a hexadecimal token, one of our topics, one of our environments. */
export function createApnsRegistrationRules(settings: ApnsRegistrationSettings): RegistrationRules {
  return { hasOneOwner: true, check: request => checkRegistration(request, settings) }
}

function checkRegistration(
  request: RegistrationRequest,
  settings: ApnsRegistrationSettings,
): RegistrationCheck {
  // Its schema has checked that it is a text.
  const token = String(request.address.token).toLowerCase()
  const app = request.app ?? settings.topics[0]
  const environment = request.environment ?? settings.defaultEnvironment
  if (!/^[0-9a-f]+$/.test(token) || token.length % 2 !== 0 || token.length > MAX_TOKEN_HEX) {
    return refused('token', `an APNs token is an even number of hexadecimal digits, at most ${MAX_TOKEN_HEX}`)
  }
  if (!settings.topics.includes(app)) return refused('app', 'this app is not among RELAY_APNS_TOPICS')
  if (!settings.environments.includes(environment)) {
    return refused('environment', `this relay serves ${settings.environments.join(' and ')}`)
  }
  const environmentSource = request.environment === undefined ? 'default' : 'client'
  return { ok: true, token, app, environment, environmentSource }
}

function refused(code: 'token' | 'app' | 'environment', message: string): RegistrationCheck {
  return { ok: false, code, message }
}
