import type { RegistrationRequest, RegistrationRules } from '../domain/registration.ts'
import type { ProviderOffer } from './provider.ts'

export const APP = 'default'
export const ENVIRONMENT = 'production'

/** Of a provider whose one credential, or none, is for one app and knows no environments. */
export const singleAppOffer: ProviderOffer = { apps: [APP], environments: [ENVIRONMENT] }

/**
 * Rules of such a provider; several recipients may share a token. `readToken` makes a token of an address that fits the
 * provider's schema, or answers undefined: then `rule` says what a token is.
 */
export function createSingleAppRules(
  readToken: (address: RegistrationRequest['address']) => string | undefined,
  rule: string,
): RegistrationRules {
  return {
    hasOneOwner: false,
    check(request) {
      const token = readToken(request.address)
      if (token === undefined) return { ok: false, code: 'token', message: rule }
      const { app = APP, environment = ENVIRONMENT } = request
      if (app !== APP) {
        return {
          ok: false,
          code: 'app',
          message: `this provider serves one app: leave it out, or say ${APP}`,
        }
      }
      if (environment !== ENVIRONMENT) {
        return { ok: false, code: 'environment', message: `this provider serves ${ENVIRONMENT}` }
      }
      const environmentSource = request.environment === undefined ? 'default' : 'client'
      return { ok: true, token, app, environment, environmentSource }
    },
  }
}
