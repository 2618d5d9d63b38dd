import { Transform } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest, RequestPayload } from 'fastify'
import type { Credentials, Grant } from './credentials.ts'
import { errors } from './errors.ts'
import { findToken } from './grant-finders.ts'
import {
  createAuthenticate,
  createRefuse,
  credentialCount,
  type Refusal,
  refused,
} from './plugins/authentication.ts'

export type HookGrant = Grant & { kind: 'hook' }

/** How much of a form is read before the token in it is found, where a dialect does not need more. */
export const UNPROVEN_BODY_BYTES = 256 * 1024
const FORM = /^application\/x-www-form-urlencoded\s*(;|$)/i

export interface HookAuthentication {
  /**
   * The grant of the header, or of what the body holds in its place (RFC 6750 §2.2); undefined: it holds none. Who says
   * both must say the same token.
   */
  grantOf(request: FastifyRequest, reply: FastifyReply, inBody: string | undefined): Promise<HookGrant>
}

export interface HookAuthenticationOptions {
  credentials: Credentials
  /** Most public modules write the bare token as the header's whole value. */
  allowsBareToken: boolean
  /** How much of the body is read before the token in it is found. */
  unprovenBodyBytes(request: FastifyRequest): number
}

/**
 * Makes a hook token necessary in this scope. One in the header is checked before anything is read; without a header
 * only a form is read at all, and of it only as much as may come before its token.
 */
export async function requireHookToken(
  app: FastifyInstance,
  { credentials, allowsBareToken, unprovenBodyBytes }: HookAuthenticationOptions,
): Promise<HookAuthentication> {
  const find = findToken(credentials, 'hook')
  const refuse = createRefuse(app)
  const authenticate = await createAuthenticate(app, async presented => find(presented))
  app.addHook('onRequest', async (request, reply) => {
    if (allowsBareToken) addMissingScheme(request)
    if (credentialCount(request) > 0) return authenticate(request, reply)
    if (!FORM.test(request.headers['content-type'] ?? ''))
      await refuse(request, reply, refused('no-credential'))
  })
  app.addHook('preParsing', async (request, _reply, payload) => {
    return request.grant === undefined ? limited(request, payload, unprovenBodyBytes(request)) : payload
  })
  return {
    async grantOf(request, reply, inBody) {
      const inHeader = request.grant?.kind === 'hook' ? request.grant : undefined
      const found = agreed(inHeader, inBody === undefined ? inHeader : find(inBody))
      if (found.kind === 'refused') return refuse(request, reply, found)
      request.grant = found
      return found
    },
  }
}

function agreed(
  inHeader: HookGrant | undefined,
  found: HookGrant | Refusal | undefined,
): HookGrant | Refusal {
  if (found === undefined) return refused('no-credential')
  return inHeader === undefined || inHeader === found ? found : refused('header-and-body-disagree')
}

function addMissingScheme(request: FastifyRequest): void {
  const value = request.raw.headers.authorization
  if (value !== undefined && /^[A-Za-z0-9._~+/=-]+$/.test(value)) {
    request.raw.headers.authorization = `Bearer ${value}`
  }
}

function limited(request: FastifyRequest, payload: RequestPayload, most: number): RequestPayload {
  if (Number(request.headers['content-length'] ?? 0) > most) throw new errors.bodyTooLarge()
  if (request.headers['content-length'] !== undefined) return payload
  let read = 0
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      read += chunk.length
      if (read > most) done(new errors.bodyTooLarge())
      else done(null, chunk)
    },
  })
  payload.on('error', error => counter.destroy(error))
  return payload.pipe(counter)
}
