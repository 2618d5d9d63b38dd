import type { FastifyInstance } from 'fastify'
import { parseJson } from './dialects/json.ts'
import { errors } from './errors.ts'

/**
 * JSON, and nothing else. An empty body is none: many clients name a content type on every request. A `__proto__` stays
 * an ordinary key, which strict schemas then refuse like any unknown one.
 */
export function acceptJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body: Buffer, done) => {
    if (body.length === 0) return done(null, undefined)
    const json = parseJson(body)
    if (json.ok) done(null, json.value)
    else done(new errors.malformedBody(json.problem))
  })
}
