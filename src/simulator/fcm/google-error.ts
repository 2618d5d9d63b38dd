import type { HttpAnswer } from '../http-fault.ts'

/** A field of the request that is wrong, and how. `description` never holds a value. */
export interface FieldViolation {
  /** As `message.android.ttl`; absent for the request as a whole. */
  field?: string
  description: string
}

/** An answer other than 200. */
export interface GoogleError {
  status: number
  /** The canonical word of google/rpc/code.proto. */
  word: string
  message: string
  /** Of an FcmError among the details. */
  errorCode?: string
  /** Of an ErrorInfo among the details. */
  reason?: string
  violations?: readonly FieldViolation[]
  /** Whose quota it was, as `project:demo`. */
  quotaOf?: string
  retryAfter?: string
}

const RPC = 'type.googleapis.com/google.rpc'
const FCM_ERROR = 'type.googleapis.com/google.firebase.fcm.v1.FcmError'

/** The body as Google writes it. */
export function googleErrorBody(error: GoogleError): string {
  const { status, word, message, errorCode, reason, violations, quotaOf } = error
  const details: object[] = []
  if (errorCode !== undefined) details.push({ '@type': FCM_ERROR, errorCode })
  if (violations !== undefined) details.push({ '@type': `${RPC}.BadRequest`, fieldViolations: violations })
  if (reason !== undefined) details.push({ '@type': `${RPC}.ErrorInfo`, reason, domain: 'googleapis.com' })
  if (quotaOf !== undefined)
    details.push({ '@type': `${RPC}.QuotaFailure`, violations: [{ subject: quotaOf }] })
  const shown = details.length > 0 ? { details } : {}
  return JSON.stringify({ error: { code: status, message, status: word, ...shown } }, null, 2)
}

/** What Google's servers show for an address that is no API's. */
export const NOT_FOUND_PAGE: HttpAnswer = {
  status: 404,
  headers: { 'content-type': 'text/html; charset=UTF-8' },
  body: '<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n',
}

/** By the JSON alone, as for every Google API: no FcmError. */
export function badRequest(violations: readonly FieldViolation[]): GoogleError {
  const message = violations.map(({ description }) => description).join('\n')
  return { status: 400, word: 'INVALID_ARGUMENT', message, violations }
}

/** By FCM itself. */
export function invalidArgument(message: string, field?: string): GoogleError {
  const violations = field === undefined ? {} : { violations: [{ field, description: message }] }
  return { status: 400, word: 'INVALID_ARGUMENT', message, errorCode: 'INVALID_ARGUMENT', ...violations }
}

/** Of one error code, as far as it alone says it. */
export function fcmError(errorCode: string): GoogleError {
  return { ...(BY_CODE[errorCode] ?? { status: 400, word: 'UNKNOWN', message: errorCode }), errorCode }
}

// The texts: firebase/firebase-admin-java issues 972 and 1064, firebase/firebase-admin-node issue 3215, dcai/airnotifier issue 211.
const BY_CODE: Readonly<Record<string, Omit<GoogleError, 'errorCode'>>> = {
  INVALID_ARGUMENT: {
    status: 400,
    word: 'INVALID_ARGUMENT',
    message: 'Request contains an invalid argument.',
  },
  UNREGISTERED: { status: 404, word: 'NOT_FOUND', message: 'Requested entity was not found.' },
  SENDER_ID_MISMATCH: { status: 403, word: 'PERMISSION_DENIED', message: 'SenderId mismatch' },
  QUOTA_EXCEEDED: { status: 429, word: 'RESOURCE_EXHAUSTED', message: 'Device message rate exceeded.' },
  THIRD_PARTY_AUTH_ERROR: {
    status: 401,
    word: 'UNAUTHENTICATED',
    message: 'Auth error from APNS or Web Push Service',
  },
  INTERNAL: { status: 500, word: 'INTERNAL', message: 'Internal error encountered.' },
  UNAVAILABLE: { status: 503, word: 'UNAVAILABLE', message: 'The service is currently unavailable.' },
}
