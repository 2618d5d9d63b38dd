import { STATUS_CODES } from 'node:http'
import type { FastifyError } from '@fastify/error'
import type { FastifySchemaValidationError } from 'fastify'
import { StoreUnavailableError } from '../store/store-unavailable.ts'
import { errors } from './errors.ts'

/** The one shape of an error. */
export interface Envelope {
  statusCode: number
  code: string
  error: string
  message: string
}

export function envelopeOf(error: Pick<FastifyError, 'code' | 'message' | 'statusCode'>): Envelope {
  const statusCode = error.statusCode ?? 500
  const { code, message } = error
  return { statusCode, code, error: STATUS_CODES[statusCode] ?? 'Error', message }
}

// What Fastify throws itself, in our words: its messages repeat paths and content types that the caller sent.
// https://fastify.dev/docs/latest/Reference/Errors/#fastify-error-codes
const TRANSLATED: Record<string, () => FastifyError> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => new errors.bodyTooLarge(),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => new errors.malformedBody('it is empty'),
  FST_ERR_CTP_INVALID_JSON_BODY: () => new errors.malformedBody('it is not JSON'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => new errors.malformedBody('it does not have its Content-Length'),
  FST_ERR_BAD_URL: () => new errors.malformedUrl(),
  FST_ERR_INVALID_URL: () => new errors.malformedUrl(),
  FST_ERR_MAX_PARAM_LENGTH: () => new errors.uriTooLong(),
  FST_ERR_NOT_FOUND: () => new errors.notFound(),
  FST_ERR_HANDLER_TIMEOUT: () => new errors.handlerTimeout(),
}

interface CaughtError {
  code?: unknown
  statusCode?: unknown
  validation?: FastifySchemaValidationError[]
  validationContext?: string
}

/**
 * Any thrown value as an error of the table; `internal` for what nobody foresaw. `mediaTypes` are those that the route
 * takes.
 */
export function toTableError(thrown: unknown, mediaTypes: readonly string[] = []): FastifyError {
  if (thrown instanceof StoreUnavailableError) return new errors.unavailable()
  if (!(thrown instanceof Error)) return new errors.internal()
  const caught = thrown as Error & CaughtError
  if (caught.validation !== undefined) return invalidRequest(caught)
  const code = String(caught.code)
  if (code.startsWith('RELAY_')) return thrown as FastifyError
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new errors.unsupportedMediaType(mediaTypes.length === 0 ? '' : `: ${mediaTypes.join(' or ')}`)
  }
  return TRANSLATED[code]?.() ?? unforeseen(caught.statusCode)
}

function unforeseen(statusCode: unknown): FastifyError {
  const isCallersFault = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
  return isCallersFault ? new errors.badRequest() : new errors.internal()
}

function invalidRequest({ validation = [], validationContext = 'request' }: CaughtError): FastifyError {
  const problems = validation.map(describeProblem).filter(problem => problem !== undefined)
  return new errors.invalidRequest(
    problems
      .slice(0, 5)
      .map(text => `${validationContext}${text}`)
      .join('; '),
  )
}

/** A misspelt name of ours is plain and short. Anything else could be a text or a token in the wrong place. */
const PLAIN_NAME = /^[A-Za-z0-9_-]{1,32}$/

// Paths and rules come from our schemas, so they repeat nothing; but the name of an unknown property is the caller's word.
function describeProblem(problem: FastifySchemaValidationError): string | undefined {
  const { keyword, instancePath, message, params } = problem
  if (keyword === 'boolean') return undefined
  if (keyword === 'additionalProperties')
    return `${instancePath} has an unknown property${unknownNames(params)}`
  if (keyword === 'enum') return `${instancePath} ${oneOf(params.allowedValues)}`
  if (keyword === 'required') return `${instancePath} lacks ${[params.requiredProperties].flat().join(', ')}`
  return `${instancePath} ${message ?? 'is not valid'}`
}

function unknownNames({ additionalProperties }: Record<string, unknown>): string {
  const names = [additionalProperties].flat().map(String)
  const plain = names.filter(name => PLAIN_NAME.test(name)).slice(0, 5)
  return plain.length === 0 ? '' : `: ${plain.join(', ')}`
}

function oneOf(allowed: unknown): string {
  const values = [allowed].flat()
  if (values.length === 1) return `must be ${values[0]}: this version knows no other`
  return `must be one of ${values.join(', ')}`
}
