import { Type } from 'typebox'
import type { RegistrationCheck, RegistrationRequest, RegistrationRules } from '../../domain/registration.ts'
import { checkEndpoint, MAX_ENDPOINT_LENGTH } from './endpoint.ts'
import { parseKeys, toToken } from './subscription.ts'

/** As `subscription.toJSON()` of the Push API has it. */
export const SubscriptionSchema = Type.Object({
  endpoint: Type.String({
    minLength: 1,
    maxLength: MAX_ENDPOINT_LENGTH,
    description:
      'Where the push service of this browser, or the UnifiedPush distributor, takes messages for it',
    examples: ['https://updates.push.services.mozilla.com/wpush/v2/gAAAAABh'],
  }),
  keys: Type.Object(
    {
      p256dh: Type.String({ minLength: 1, maxLength: 100, description: 'Public key, base64url' }),
      auth: Type.String({ minLength: 1, maxLength: 32, description: 'Secret of 16 octets, base64url' }),
    },
    { additionalProperties: false },
  ),
  expirationTime: Type.Optional(
    Type.Union([Type.Number(), Type.Null()], {
      description:
        'Browsers send it along; it is not looked at, since push services say when a subscription is over',
    }),
  ),
})

export interface WebPushRegistrationSettings {
  /** Id of the VAPID key: the one app that there is. */
  app: string
  allowedOrigins: readonly string[] | undefined
}

export const ENVIRONMENT = 'production'

/** A subscription made with our VAPID key, at a push service to which a request may go. */
export function createRegistrationRules(settings: WebPushRegistrationSettings): RegistrationRules {
  return { hasOneOwner: true, check: request => checkRegistration(request, settings) }
}

function checkRegistration(
  request: RegistrationRequest,
  { app, allowedOrigins }: WebPushRegistrationSettings,
): RegistrationCheck {
  const { endpoint, keys } = readAddress(request.address)
  const checked = checkEndpoint(endpoint, allowedOrigins)
  if (!checked.ok) return refused('token', `the endpoint ${checked.problem}`)
  const parsedKeys = parseKeys(keys)
  if (parsedKeys === undefined) {
    return refused(
      'token',
      'keys.p256dh must be a point of P-256 (65 octets), keys.auth 16 octets, in base64url',
    )
  }
  if ((request.app ?? app) !== app) {
    return refused('app', 'the subscription must be made with the VAPID key that GET /v1/providers tells')
  }
  if ((request.environment ?? ENVIRONMENT) !== ENVIRONMENT) {
    return refused('environment', `this relay serves ${ENVIRONMENT}`)
  }
  const token = toToken(checked.endpoint.href, parsedKeys)
  return { ok: true, token, app, environment: ENVIRONMENT, environmentSource: 'default' }
}

/** The schema has looked at the types; what went past it is refused by its content. */
function readAddress(address: Readonly<Record<string, unknown>>) {
  const keys = typeof address.keys === 'object' && address.keys !== null ? address.keys : {}
  return {
    endpoint: String(address.endpoint),
    keys: {
      p256dh: 'p256dh' in keys ? String(keys.p256dh) : '',
      auth: 'auth' in keys ? String(keys.auth) : '',
    },
  }
}

function refused(code: 'token' | 'app' | 'environment', message: string): RegistrationCheck {
  return { ok: false, code, message }
}
