import type { HttpAnswer, ReceivedRequest } from '../http-fault.ts'
import type { GrantedTokens } from './access-tokens.ts'
import { type AssertionRules, checkAssertion, type OAuthError } from './assertion-rules.ts'
import { NOT_FOUND_PAGE } from './google-error.ts'

export const TOKEN_PATH = '/token'
const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** What oauth2.googleapis.com answers (RFC 7523 §2.1). */
export function respondAsTokenEndpoint(
  request: ReceivedRequest,
  rules: AssertionRules,
  tokens: GrantedTokens,
): HttpAnswer {
  if (request.method !== 'POST' || request.path !== TOKEN_PATH) return NOT_FOUND_PAGE
  const refused = checkRequest(request, rules)
  const date = new Date(rules.clock.now()).toUTCString()
  const headers = { 'content-type': 'application/json; charset=utf-8', date }
  if (refused !== undefined) return { status: 400, headers, body: JSON.stringify(refused) }
  const { accessToken, expiresInSeconds } = tokens.grant()
  const granted = { access_token: accessToken, expires_in: expiresInSeconds, token_type: 'Bearer' }
  return { status: 200, headers, body: JSON.stringify(granted) }
}

function checkRequest({ headers, body }: ReceivedRequest, rules: AssertionRules): OAuthError | undefined {
  const type = String(headers['content-type']).split(';')[0]?.trim()
  if (type !== 'application/x-www-form-urlencoded') return invalidRequest('Invalid content type.')
  const form = new URLSearchParams(body.toString())
  const [grantTypes, assertions] = [form.getAll('grant_type'), form.getAll('assertion')]
  if (grantTypes.length > 1 || assertions.length > 1) return invalidRequest('A parameter comes twice.')
  if (grantTypes[0] !== GRANT_TYPE) {
    return { error: 'unsupported_grant_type', error_description: 'Invalid grant_type.' }
  }
  if (assertions[0] === undefined) return invalidRequest('Missing required parameter: assertion')
  return checkAssertion(assertions[0], rules)
}

function invalidRequest(error_description: string): OAuthError {
  return { error: 'invalid_request', error_description }
}
