import type { HttpAnswer } from '../http-fault.ts'

/** Why a push service refuses a message. */
export type Refusal =
  | 'no-subscription'
  | 'gone'
  | 'no-ttl'
  | 'bad-ttl'
  | 'bad-urgency'
  | 'bad-topic'
  | 'bad-encoding'
  | 'no-authorization'
  | 'bad-authorization'
  | 'bad-token'
  | 'key-mismatch'
  | 'too-large'

/** Whose words and ways it uses: Firefox's, Safari's, Chrome's, or those of ntfy, the distributor of UnifiedPush. */
export type ServiceKind = 'mozilla' | 'apple' | 'google' | 'ntfy'

/** Status and `errno` (autopush-rs, docs/errors.md). */
const MOZILLA: Record<Refusal, [status: number, errno: number, message: string]> = {
  'no-subscription': [404, 102, 'Invalid token'],
  gone: [410, 106, 'No such subscription'],
  'no-ttl': [400, 111, 'Missing TTL value'],
  'bad-ttl': [400, 112, 'Invalid TTL value'],
  'bad-urgency': [400, 110, 'Invalid Urgency value'],
  'bad-topic': [400, 113, 'Invalid Topic value'],
  'bad-encoding': [400, 110, 'Unknown Content-Encoding'],
  'no-authorization': [401, 109, 'Invalid Authentication'],
  'bad-authorization': [401, 109, 'Missing VAPID token'],
  'bad-token': [401, 109, 'Invalid VAPID audience or expiry'],
  'key-mismatch': [401, 109, 'VAPID public key mismatch'],
  'too-large': [413, 104, 'Data payload must be smaller'],
}

/** Status and `reason` (Apple, "Sending web push notifications in web apps and browsers"). */
const APPLE: Record<Refusal, [status: number, reason: string]> = {
  'no-subscription': [404, 'BadPath'],
  gone: [410, 'Unregistered'],
  'no-ttl': [400, 'BadTtl'],
  'bad-ttl': [400, 'BadTtl'],
  'bad-urgency': [400, 'BadUrgency'],
  'bad-topic': [400, 'BadWebPushTopic'],
  'bad-encoding': [400, 'BadWebPushRequest'],
  'no-authorization': [403, 'BadAuthorizationHeader'],
  'bad-authorization': [403, 'BadAuthorizationHeader'],
  'bad-token': [403, 'BadJwtToken'],
  'key-mismatch': [400, 'VapidPkHashMismatch'],
  'too-large': [413, 'PayloadTooLarge'],
}

/** Google answers in sentences, some of them within a page. */
const GOOGLE: Record<Refusal, [status: number, text: string]> = {
  'no-subscription': [404, 'A valid push subscription endpoint should be specified in the URL.'],
  gone: [410, 'push subscription has unsubscribed or expired.'],
  'no-ttl': [400, 'TTL header is required.'],
  'bad-ttl': [400, 'invalid TTL.'],
  'bad-urgency': [400, 'invalid urgency.'],
  'bad-topic': [400, 'invalid topic.'],
  'bad-encoding': [400, 'content encoding is not supported.'],
  'no-authorization': [401, 'authorization header must be specified.'],
  'bad-authorization': [401, 'authorization header is malformed.'],
  'bad-token': [403, 'the JWT is not valid for this request.'],
  'key-mismatch': [
    403,
    'the VAPID credentials in the authorization header do not correspond to the credentials used to create the subscriptions.',
  ],
  'too-large': [413, 'payload is too large.'],
}

/**
 * ntfy (server/errors.go) knows neither VAPID nor subscriptions: a topic that nobody listens to is 507, because some
 * servers drop a subscription at any 4xx.
 */
const NTFY: Partial<Record<Refusal, [status: number, code: number, error: string]>> = {
  'no-subscription': [507, 50701, 'cannot publish to UnifiedPush topic without previously active subscriber'],
  gone: [507, 50701, 'cannot publish to UnifiedPush topic without previously active subscriber'],
  'too-large': [413, 41301, 'attachment too large, or bandwidth limit reached'],
}

const JSON_TYPE = { 'content-type': 'application/json' }

const ANSWERS: Record<ServiceKind, (refusal: Refusal) => HttpAnswer> = {
  mozilla(refusal) {
    const [status, errno, message] = MOZILLA[refusal]
    const body = {
      code: status,
      errno,
      error: 'Refused',
      message,
      more_info: 'http://autopush.readthedocs.io',
    }
    return { status, headers: JSON_TYPE, body: JSON.stringify(body) }
  },
  apple(refusal) {
    const [status, reason] = APPLE[refusal]
    return { status, headers: JSON_TYPE, body: JSON.stringify({ reason }) }
  },
  google(refusal) {
    const [status, text] = GOOGLE[refusal]
    return { status, headers: { 'content-type': 'text/plain' }, body: text }
  },
  ntfy(refusal) {
    const [status, code, error] = NTFY[refusal] ?? [400, 40000, 'invalid request']
    return { status, headers: JSON_TYPE, body: JSON.stringify({ code, http: status, error }) }
  },
}

export function refuseAs(kind: ServiceKind, refusal: Refusal): HttpAnswer {
  return ANSWERS[kind](refusal)
}
