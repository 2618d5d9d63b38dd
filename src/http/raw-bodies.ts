import type { FastifyInstance } from 'fastify'

/** In this scope bodies of these types, or of any type, arrive as the bytes that were sent. */
export function acceptRawBodies(app: FastifyInstance, contentTypes: string[] | '*'): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(contentTypes, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

/** The bytes; none when the request has no body at all. */
export function rawBody(request: { body?: unknown }): Buffer {
  return (request.body as Buffer | null | undefined) ?? Buffer.alloc(0)
}

/** For routes that only machines call: a reader of ours judges the body, which the schema merely describes. */
export const machineRoute = {
  validatorCompiler: () => () => true,
  config: { isForMachines: true },
} as const
