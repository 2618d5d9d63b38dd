import bearerAuth from '@fastify/bearer-auth'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { CredentialProblem } from '../../telemetry/events.ts'
import type { Grant } from '../credentials.ts'
import { errors } from '../errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the scope's authentication; undefined in public routes and before the credential was found. */
    grant: Grant | undefined
    /** What was wrong with its credential, for the log. */
    credentialProblem: CredentialProblem | undefined
  }
}

export const authenticationDecorators = fp(
  async app => {
    app.decorateRequest('grant', undefined)
    app.decorateRequest('credentialProblem', undefined)
  },
  { name: 'authentication-decorators' },
)

export interface Refusal {
  kind: 'refused'
  problem: CredentialProblem
  /** For the caller, and only when it has proven something: to anybody else every refusal is the same. */
  hint?: string
}

/** What a scope accepts as credential, or why this is none. */
export type FindGrant = (presented: string) => Promise<Grant | Refusal>

export type Authenticate = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/**
 * Reads `Authorization: Bearer …` in this scope and sets `request.grant`, or rejects. What failed is counted per
 * address; a valid credential passes whatever others at its address did, because a proxy or a NAT may stand between.
 */
export async function createAuthenticate(app: FastifyInstance, find: FindGrant): Promise<Authenticate> {
  const refusals = new WeakMap<FastifyRequest, Refusal>()
  const verify = await bearerVerifier(app, async (presented, request) => {
    const found = await find(presented)
    if (found.kind === 'refused') refusals.set(request, found)
    else request.grant = found
    return found.kind !== 'refused'
  })
  const refuse = createRefuse(app)
  return async (request, reply) => {
    if (credentialCount(request) > 1) return refuse(request, reply, refused('several-credentials'))
    try {
      await verify(request, reply)
    } catch (error) {
      if (!isBearerRefusal(error)) throw error
      await refuse(request, reply, refusals.get(request) ?? refused(headerProblem(request)))
    }
  }
}

/** Makes a credential necessary for every route of this scope. */
export async function requireGrant(app: FastifyInstance, find: FindGrant): Promise<void> {
  app.addHook('onRequest', await createAuthenticate(app, find))
}

export type Refuse = (request: FastifyRequest, reply: FastifyReply, refusal: Refusal) => Promise<never>

/** Counts the failure, then rejects with 401, or with 429 when this address failed too often. */
export function createRefuse(app: FastifyInstance): Refuse {
  return async (request, reply, { problem, hint }) => {
    request.grant = undefined
    request.credentialProblem = problem
    await app.limits.failedAuthentication(request, reply)
    throw new errors.unauthenticated(hint === undefined ? '' : `: ${hint}`)
  }
}

export function refused(problem: CredentialProblem, hint?: string): Refusal {
  return { kind: 'refused', problem, ...(hint === undefined ? {} : { hint }) }
}

function headerProblem({ headers }: FastifyRequest): CredentialProblem {
  return headers.authorization === undefined ? 'no-credential' : 'malformed-header'
}

/** Node keeps only the first of several Authorization fields, so they are counted in the raw ones. */
export function credentialCount(request: FastifyRequest): number {
  const { rawHeaders } = request.raw
  return rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization').length
}

type Verify = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

async function bearerVerifier(
  app: FastifyInstance,
  auth: (presented: string, request: FastifyRequest) => Promise<boolean>,
): Promise<Verify> {
  await app.register(bearerAuth, {
    keys: new Set<string>(),
    auth,
    addHook: false,
    // The scheme's name is case-insensitive (RFC 9110 §11.1); the plugin calls that after the older RFC.
    specCompliance: 'rfc6749',
    verifyErrorLogLevel: 'trace',
  })
  const verify = app.verifyBearerAuth
  if (verify === undefined) throw new Error('@fastify/bearer-auth did not decorate its scope')
  return (request, reply) =>
    new Promise((resolve, reject) => {
      verify(request, reply, error => (error === undefined ? resolve() : reject(error)))
    })
}

function isBearerRefusal(error: unknown): boolean {
  return error instanceof Error && String((error as { code?: unknown }).code).startsWith('FST_BEARER_AUTH_')
}
