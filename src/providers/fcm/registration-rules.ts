import type { RegistrationCheck, RegistrationRequest, RegistrationRules } from '../../domain/registration.ts'

export const ENVIRONMENT = 'production'

/**
 * Google promises nothing about a token but that it is a text: the size is our cap, the characters are those that need no
 * escape wherever tokens travel.
 */
const TOKEN = /^[A-Za-z0-9:_.%~-]{1,4096}$/

/** The project stands for the app: its tokens are good for no other. */
export function createFcmRegistrationRules(projectId: string): RegistrationRules {
  return { hasOneOwner: true, check: request => checkRegistration(request, projectId) }
}

function checkRegistration(request: RegistrationRequest, projectId: string): RegistrationCheck {
  // Its schema has checked that it is a text.
  const token = String(request.address.token)
  const { app = projectId, environment = ENVIRONMENT } = request
  if (!TOKEN.test(token)) {
    return refused(
      'token',
      'an FCM registration token is made of letters, digits and a few signs, without spaces',
    )
  }
  if (app !== projectId) return refused('app', 'this app is not the Firebase project of this relay')
  if (environment !== ENVIRONMENT) return refused('environment', 'FCM has no environments: leave it out')
  const environmentSource = request.environment === undefined ? 'default' : 'client'
  return { ok: true, token, app, environment, environmentSource }
}

function refused(code: 'token' | 'app' | 'environment', message: string): RegistrationCheck {
  return { ok: false, code, message }
}
