import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { type AcceptDraftsDependencies, acceptDrafts } from '../accept-drafts.ts'
import type { Dialect } from '../dialects/dialect.ts'
import { DIALECTS } from '../dialects/registry.ts'
import { errors } from '../errors.ts'
import { type HookAuthentication, UNPROVEN_BODY_BYTES } from '../hook-authentication.ts'
import { acceptRawBodies, machineRoute, rawBody } from '../raw-bodies.ts'
import { enumOf, failures } from '../schemas/common.ts'
import { MessageReplySchema } from '../schemas/messages.ts'

export interface HookRouteDependencies extends AcceptDraftsDependencies {
  authentication: HookAuthentication
}

const BY_NAME: ReadonlyMap<string, Dialect> = new Map(DIALECTS.map(dialect => [dialect.name, dialect]))
const NAMES = DIALECTS.map(dialect => dialect.name)

const postSchema = {
  operationId: 'postHook',
  tags: ['chat server'],
  summary: 'The same for the public ejabberd modules, unmodified',
  description:
    'Each dialect reads the body exactly as its module writes it, most of them without any percent-encoding, and finds ' +
    'the token where the module puts it. A room message is answered with one result per absent member.',
  security: [{ hook: [] }],
  params: Type.Object({ dialect: enumOf(NAMES) }),
  body: {
    content: Object.fromEntries(
      [...new Set(DIALECTS.flatMap(dialect => dialect.contentTypes))].map(type => [
        type,
        { schema: Type.Unsafe({ description: 'As the module writes it' }) },
      ]),
    ),
  },
  response: { 202: MessageReplySchema, ...failures(400, 401, 403, 404, 413, 415, 429) },
}

/** How much of a form may come before its token. */
export function unprovenBodyBytes({ params }: FastifyRequest): number {
  const { dialect } = params as { dialect?: string }
  return BY_NAME.get(dialect ?? '')?.unprovenBodyBytes ?? UNPROVEN_BODY_BYTES
}

/** For modules that nobody wants to change. */
export const hookRoutes: FastifyPluginAsyncTypebox<HookRouteDependencies> = async (app, deps) => {
  acceptRawBodies(app, '*')
  app.post('/hooks/:dialect', { schema: postSchema, ...machineRoute }, async (request, reply) => {
    const dialect = BY_NAME.get(request.params.dialect)
    const hook = { raw: rawBody(request), headers: request.headers }
    const grant = await deps.authentication.grantOf(request, reply, dialect?.credential(hook))
    if (dialect === undefined) throw new errors.unknownDialect(NAMES.join(', '))
    checkContentType(dialect, request.headers['content-type'])
    return reply.code(202).send(await acceptDrafts(dialect.parse(hook), grant, deps))
  })
}

function checkContentType(dialect: Dialect, header: string | undefined): void {
  const mediaType = header?.split(';', 1)[0]?.trim().toLowerCase()
  if (mediaType !== undefined && !dialect.contentTypes.includes(mediaType)) {
    throw new errors.unsupportedMediaType(`: ${dialect.contentTypes.join(' or ')}`)
  }
}
