import type { FastifyRequest } from 'fastify'
import { isRecord, parseJson } from '../dialects/json.ts'
import { errors } from '../errors.ts'
import { type Fields, parseForm } from './form.ts'
import { parseModZeropush } from './mod-zeropush.ts'

export const CONTENT_TYPES = ['application/x-www-form-urlencoded', 'application/json'] as const

/** What a call says, wherever it says it. */
export interface Said {
  fields: Fields
  /** Each `auth_token`, of query and body. */
  tokens: readonly unknown[]
  /** Why the body could not be read: then the fields are those of the query. */
  problem?: Error
}

// The form's encoding writes these characters as %7B and %5B, and curl posts JSON as a form unless it is told otherwise.
const BEGINS_LIKE_JSON = /^\s*[{[]/
const JSON_TYPE = /^(application\/(.+\+)?json|text\/json)$/

/** A name that body and query have is the body's, as it was in the service that this stands for (Rails). */
export function readSaid(request: FastifyRequest, body: Buffer): Said {
  const query: Content = parseForm(queryOf(request))
  const content = body.length === 0 ? NOTHING : readBody(request.headers['content-type'], body)
  const inQuery = query.ok ? query.fields : {}
  const inBody = content.ok ? content.fields : {}
  const failed = query.ok ? content : query
  return {
    fields: { ...inQuery, ...inBody },
    tokens: [inQuery.auth_token, inBody.auth_token]
      .flat()
      .filter(token => token !== undefined && token !== ''),
    ...(failed.ok ? {} : { problem: failed.error ?? new errors.malformedBody(failed.problem) }),
  }
}

type Content = { ok: true; fields: Fields } | { ok: false; problem: string; error?: Error }

const NOTHING: Content = { ok: true, fields: {} }
const NOT_JSON = 'it begins like JSON, but was read as a form; send Content-Type: application/json'

function readBody(contentType: string | undefined, body: Buffer): Content {
  const mediaType = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? CONTENT_TYPES[0]
  if (JSON_TYPE.test(mediaType)) return readJson(body)
  if (mediaType !== CONTENT_TYPES[0]) {
    const error = new errors.unsupportedMediaType(`: ${CONTENT_TYPES.join(' or ')}`)
    return { ok: false, problem: error.message, error }
  }
  const bytes = body.toString('latin1')
  if (BEGINS_LIKE_JSON.test(bytes)) return { ok: false, problem: NOT_JSON }
  const fields = parseModZeropush(bytes)
  return fields === undefined ? parseForm(bytes) : { ok: true, fields }
}

function readJson(body: Buffer): Content {
  const json = parseJson(body)
  if (!json.ok) return json
  if (!isRecord(json.value)) return { ok: false, problem: 'it is no object' }
  return {
    ok: true,
    fields: Object.fromEntries(
      // Some write the name as in a form.
      Object.entries(json.value).map(([name, value]) => [name.replace(/\[\]$/, ''), value]),
    ),
  }
}

function queryOf({ raw }: FastifyRequest): string {
  const url = raw.url ?? ''
  const start = url.indexOf('?')
  return start < 0 ? '' : url.slice(start + 1)
}
