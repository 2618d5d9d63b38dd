import { createHmac, timingSafeEqual } from 'node:crypto'
import type { HttpAnswer, ReceivedRequest } from '../http-fault.ts'

export interface WebhookRules {
  /** Path and query at which it listens. */
  place: string
  /** As it is configured: `whsec_` and base64, or any text. */
  secret: string
  /** Farthest that the time of a request may be from now. */
  toleranceMs: number
}

const MAX_BODY_BYTES = 48 * 1024
const SIGNATURE_HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature']

/** What a careful receiver refuses before it looks into the body: docs/providers/http.md. Undefined: nothing. */
export function checkRequest(
  request: ReceivedRequest,
  rules: WebhookRules,
  now: number,
): HttpAnswer | undefined {
  return (
    checkRequestLine(request, rules.place) ?? checkHeaders(request) ?? checkSignature(request, rules, now)
  )
}

function checkRequestLine({ method, path, query }: ReceivedRequest, place: string): HttpAnswer | undefined {
  const asked = query.size === 0 ? path : `${path}?${query}`
  if (asked !== place) return refusal(404, 'nothing is here')
  return method === 'POST' ? undefined : refusal(405, 'only POST')
}

function checkHeaders({ headers, rawHeaders, body }: ReceivedRequest): HttpAnswer | undefined {
  if (headers['content-type'] !== 'application/json') return refusal(415, 'only application/json')
  if (headers['content-length'] === undefined) return refusal(411, 'no content-length')
  if (body.length > MAX_BODY_BYTES) return refusal(413, 'too long')
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map(name => name.toLowerCase())
  for (const name of SIGNATURE_HEADERS) {
    if (names.filter(other => other === name).length !== 1) return refusal(401, `not one ${name}`)
  }
  return undefined
}

function checkSignature(request: ReceivedRequest, rules: WebhookRules, now: number): HttpAnswer | undefined {
  const [id = '', timestamp = '', signatures = ''] = SIGNATURE_HEADERS.map(name =>
    String(request.headers[name]),
  )
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) return refusal(401, 'no id')
  if (!/^\d{10}$/.test(timestamp)) return refusal(401, 'no time in seconds')
  if (Math.abs(Number(timestamp) * 1000 - now) > rules.toleranceMs) return refusal(401, 'too old, or too new')
  const expected = createHmac('sha256', keyOf(rules.secret))
    .update(Buffer.concat([Buffer.from(`${id}.${timestamp}.`), request.body]))
    .digest()
  return signatures.split(' ').some(signature => isSame(signature, expected))
    ? undefined
    : refusal(401, 'not signed by us')
}

function isSame(signature: string, expected: Buffer): boolean {
  const encoded = /^v1,([A-Za-z0-9+/]{43}=)$/.exec(signature)?.[1]
  return encoded !== undefined && timingSafeEqual(Buffer.from(encoded, 'base64'), expected)
}

function keyOf(secret: string): Buffer {
  const encoded = /^whsec_(.*)$/.exec(secret)?.[1]
  return encoded === undefined ? Buffer.from(secret) : Buffer.from(encoded, 'base64')
}

/** For people: the relay looks at the status only. */
export function refusal(status: number, error: string): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ error }) }
}
