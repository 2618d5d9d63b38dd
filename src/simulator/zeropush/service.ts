import type { HttpAnswer, ReceivedRequest } from '../http-fault.ts'
import { type Credentials, kindOfToken } from './credentials.ts'
import type { EndpointParts, Ready } from './endpoint.ts'
import { findEndpoint } from './endpoints.ts'
import { readParameters } from './parameters.ts'
import { type Refusal, refusal } from './refusal.ts'

/** What is made of a call; `page`: nothing of the API is at this address. */
export type Judgement = Ready | Refusal | 'page'

/** The address first, then the encoding, the token, and what it may do. Changes nothing. */
export function judge(request: ReceivedRequest, parts: EndpointParts & Credentials): Judgement {
  const [word = '', named, ...rest] = pathWords(request.path) ?? ['', '', '']
  const endpoint = findEndpoint(request.method, word)
  if (endpoint === undefined || rest.length > 0) return 'page'
  const read = readParameters({
    query: request.query.toString(),
    contentType: String(request.headers['content-type'] ?? ''),
    body: request.body.toString(),
  })
  if (read === undefined) return refusal(400, 'The parameters are malformed.')
  const header = request.headers.authorization
  const tokenKind = kindOfToken(typeof header === 'string' ? header : undefined, read.parameters, parts)
  if (tokenKind === undefined) return NO_TOKEN
  return endpoint({ ...read, tokenKind, named }, parts)
}

const NO_TOKEN = refusal(
  401,
  'Please provide a valid authentication token parameter or HTTP Authorization header.',
  'authorization error',
)

/** What a web server says of an address that nobody knows. */
export const NO_SUCH_PAGE: HttpAnswer = {
  status: 404,
  headers: { 'content-type': 'text/html' },
  body: '<!DOCTYPE html><title>Not found</title>',
}

export function inJson(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(body),
  }
}

/** A final slash says nothing. A channel may hold any character, so each word is decoded alone. */
function pathWords(path: string): string[] | undefined {
  try {
    return path.replace(/^\//, '').replace(/\/$/, '').split('/').map(decodeURIComponent)
  } catch {
    return undefined
  }
}
