import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { errors } from '../errors.ts'
import { createRefuse, credentialCount, type Refusal, refused } from '../plugins/authentication.ts'
import { rawBody } from '../raw-bodies.ts'
import { type Caller, type FindCaller, type Role, tokenInHeader } from './callers.ts'
import type { Fields } from './form.ts'
import { readSaid } from './parameters.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set in the scope of the ZeroPush API, once the caller is known. */
    zeropush: { caller: Caller; fields: Fields } | undefined
  }
  interface FastifyContextConfig {
    /** Who may call this route of the ZeroPush API besides servers. */
    alsoFor?: readonly Role[]
  }
}

/** Makes a credential of the ZeroPush API necessary in this scope, and reads what the call says. */
export function requireCaller(app: FastifyInstance, find: FindCaller, bodyLimit: number): void {
  const refuse = createRefuse(app)
  app.decorateRequest('zeropush', undefined)
  app.addHook('preValidation', async (request, reply) => {
    const said = readSaid(request, await bodyOf(request, bodyLimit))
    const caller = await callerOf(request, said.tokens, find)
    if ('kind' in caller) return refuse(request, reply, caller)
    await limit(app, caller, request, reply)
    const { alsoFor = [] } = request.routeOptions.config
    if (caller.role !== 'server' && !alsoFor.includes(caller.role)) throw new errors.serverTokenRequired()
    if (said.problem !== undefined) throw said.problem
    request.zeropush = { caller, fields: { ...said.fields, ...(request.params as Fields) } }
  })
}

/** What an authenticated call says. */
export function callOf({ zeropush }: FastifyRequest): { caller: Caller; fields: Fields } {
  if (zeropush === undefined) throw new Error('a route of the ZeroPush API outside its scope')
  return zeropush
}

async function callerOf(
  request: FastifyRequest,
  inFields: readonly unknown[],
  find: FindCaller,
): Promise<Caller | Refusal> {
  const { authorization } = request.headers
  if (credentialCount(request) > 1) return refused('several-credentials')
  const inHeader = authorization === undefined ? undefined : tokenInHeader(authorization)
  if (authorization !== undefined && inHeader === undefined) return refused('malformed-header')
  const tokens = [inHeader, ...inFields].filter(token => token !== undefined)
  if (tokens.some(token => typeof token !== 'string')) return refused('unknown-token')
  return find(tokens as string[])
}

/** None for a valid server token: whoever holds it is to be believed, and a chat message must not be lost. */
async function limit(
  app: FastifyInstance,
  caller: Caller,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  if (caller.role === 'app') return app.limits.appCall(request, reply)
  if (caller.role !== 'recipient') return
  request.grant = { kind: 'recipient', recipient: caller.recipient }
  await app.limits.deviceCall(request, reply)
}

/** Fastify reads no body of a GET; ZeroPush's client for PHP sends one, with the credential in it. */
async function bodyOf(request: FastifyRequest, most: number): Promise<Buffer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return rawBody(request)
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  if (length === undefined && encoding === undefined) return Buffer.alloc(0)
  // Before it is read: who stops in the middle of a body cannot answer any more.
  if (encoding !== undefined || Number(length) > most) throw new errors.bodyTooLarge()
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request.raw) chunks.push(chunk as Buffer)
  } catch {
    // Its caller went away.
    throw new errors.badRequest()
  }
  return Buffer.concat(chunks)
}
