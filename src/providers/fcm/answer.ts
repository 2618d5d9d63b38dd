import { parseRetryAfter } from '../retry-after.ts'

/** What Google said, as far as classify.ts needs it. */
export interface FcmAnswer {
  status: number
  /** The message has a name, which only an accepted one gets. A proxy's page with status 200 has none. */
  isAccepted: boolean
  /** The most exact of Google's words, verbatim; `HTTP <status>` when the body holds none. */
  reason: string
  /** `errorCode` of the FcmError among the details: the word that decides, when there is one. */
  errorCode?: string
  /** The canonical word (`status` in the body), which says less: several error codes share one. */
  statusWord?: string
  /** The registration token is what it complains of, and nothing else. */
  blamesToken: boolean
  /** What was exceeded is the project's quota, not one device's. */
  isOfProject: boolean
  /** Apple's word, where an iPhone's token stands behind the registration. Only to be compared, never told. */
  apnsReason?: string
  retryAfterMs?: number
}

export interface FcmResponse {
  status: number
  headers: Readonly<Record<string, string>>
  body: Buffer
}

type Fields = Readonly<Record<string, unknown>>

/** Never throws, whatever came: what is not Google's JSON is judged by its status alone. */
export function readAnswer({ status, headers, body }: FcmResponse, now: number): FcmAnswer {
  const content = parseObject(body.toString())
  const error = fields(content.error)
  const details = list(error.details).map(fields)
  const errorCode = wordOf(detail(details, 'FcmError').errorCode)
  const statusWord = wordOf(error.status)
  const retryAfterMs = parseRetryAfter(headers['retry-after'] ?? retryDelay(details), now)
  const { reason: apnsReason } = detail(details, 'ApnsError')
  return {
    status,
    isAccepted: status === 200 && typeof content.name === 'string',
    reason: errorCode ?? wordOf(detail(details, 'ErrorInfo').reason) ?? statusWord ?? `HTTP ${status}`,
    ...(errorCode === undefined ? {} : { errorCode }),
    ...(statusWord === undefined ? {} : { statusWord }),
    blamesToken: blamesToken(error, details),
    isOfProject: errorCode === undefined || namesProject(details),
    ...(typeof apnsReason === 'string' ? { apnsReason } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

/**
 * Google names the field in a BadRequest, or, as it does today, says it in words only (firebase/firebase-admin-java issue
 * 1064, firebase/firebase-admin-python issue 187).
 */
function blamesToken(error: Fields, details: readonly Fields[]): boolean {
  const violations = list(detail(details, 'BadRequest').fieldViolations).map(fields)
  if (violations.length > 0) return violations.every(({ field }) => field === 'message.token')
  return /registration token is not a valid/i.test(textOf(error.message))
}

/**
 * A project's quota is refused by Google's front end, without FcmError (firebase/firebase-admin-go issue 719); where
 * there is one, QuotaFailure says whose quota it was (google/rpc/error_details.proto).
 */
function namesProject(details: readonly Fields[]): boolean {
  const violations = list(detail(details, 'QuotaFailure').violations).map(fields)
  return violations.some(({ subject }) => textOf(subject).startsWith('project'))
}

/** `"30s"` in a RetryInfo, as the header would have it. */
function retryDelay(details: readonly Fields[]): string | undefined {
  return /^(\d+)(?:\.\d+)?s$/.exec(textOf(detail(details, 'RetryInfo').retryDelay))?.[1]
}

function detail(details: readonly Fields[], type: string): Fields {
  return details.find(each => textOf(each['@type']).endsWith(`.${type}`)) ?? {}
}

/** Only what can be one of Google's words may become a reason: a token, or a line of a key, is longer. */
function wordOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z][A-Za-z0-9_]{0,47}$/.test(value) ? value : undefined
}

function parseObject(text: string): Fields {
  try {
    return fields(JSON.parse(text))
  } catch {
    // A proxy's page, nothing, or more than is read of a body.
    return {}
  }
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

/** Not `String(value)`, which throws for an object whose `toString` is none. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
