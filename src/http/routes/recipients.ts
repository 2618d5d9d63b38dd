import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@fastify/type-provider-typebox'
import { parseAccountJid } from '../../domain/jid.ts'
import type { RemoveDevices } from '../../intake/remove-devices.ts'
import { isBoundTo } from '../credentials.ts'
import { errors } from '../errors.ts'
import { failures, JidSchema } from '../schemas/common.ts'

export interface RecipientRouteDependencies {
  removeDevices: RemoveDevices
}

const deleteSchema = {
  operationId: 'removeRecipient',
  tags: ['chat server'],
  summary: 'Remove every device of a deleted account',
  description:
    'So that an account created again under the same JID does not inherit its phones. A hook token must be bound to the ' +
    'domain of the account; one for all domains is answered with 403.',
  security: [{ hook: [] }, { admin: [] }],
  params: Type.Object({ jid: JidSchema }),
  response: {
    204: Type.Null({ description: 'They are gone, or there were none' }),
    ...failures(400, 401, 403, 413, 415, 429),
  },
}

/** What the chat server calls when an account is deleted. */
export const recipientRoutes: FastifyPluginAsyncTypebox<RecipientRouteDependencies> = async (app, deps) => {
  app.delete('/recipients/:jid', { schema: deleteSchema }, async (request, reply) => {
    const parsed = parseAccountJid(request.params.jid)
    if (!parsed.ok) throw new errors.invalidJid('jid')
    const { grant } = request
    if (grant?.kind !== 'admin' && !isBoundTo(grant, parsed.domain)) throw new errors.wrongDomain()
    await deps.removeDevices.recipient(parsed.jid)
    return reply.code(204).send(null)
  })
}
