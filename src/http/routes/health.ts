import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import type { Clock } from '../../domain/clock.ts'
import type { OutboxStats, Store } from '../../store/store.ts'
import type { Events } from '../../telemetry/events.ts'
import { errors } from '../errors.ts'
import { operatorHealth, type PublicHealth, publicHealth, type RelayHealth } from '../health-view.ts'
import type { Authenticate } from '../plugins/authentication.ts'
import { reportRefusal } from '../plugins/error-handling.ts'
import { failures } from '../schemas/common.ts'
import { HealthSchema, LiveSchema } from '../schemas/health.ts'

export interface HealthRouteDependencies {
  version: string
  role: string
  store: Pick<Store, 'health'>
  outbox(): Promise<OutboxStats>
  relayHealth(): RelayHealth
  isStopping(): boolean
  clock: Pick<Clock, 'now' | 'monotonic'>
  events: Pick<Events, 'emit'>
  /** For those who show a credential; nobody must. */
  authenticate: Authenticate
}

const healthAs = (description: string) => Type.Unsafe<PublicHealth>({ description, $ref: 'Health#' })

const healthSchema = {
  operationId: 'getHealth',
  tags: ['operators'],
  summary: 'Does it work? With an admin token also: why not, and how much waits',
  security: [{}, { admin: [] }],
  response: {
    ...failures(),
    200: healthAs('ok or degraded'),
    503: healthAs('down: the store cannot be written, or the relay is stopping'),
  },
}

const liveSchema = {
  operationId: 'getLiveness',
  tags: ['operators'],
  summary: 'The process is alive: restart it when this fails, and only then',
  security: [],
  response: { 200: LiveSchema, ...failures() },
}

export const healthRoutes: FastifyPluginAsyncTypebox<HealthRouteDependencies> = async (app, deps) => {
  const startedAt = deps.clock.monotonic()
  app.addSchema(HealthSchema)
  const config = { answersWhileStopping: true }
  // A monitor whose token is old must not take the relay for dead: what anybody may know, it may.
  const onRequest: Authenticate = async (request, reply) => {
    if (request.headers.authorization === undefined) return
    try {
      await deps.authenticate(request, reply)
    } catch (error) {
      if (!isRefusal(error)) throw error
      void reply.removeHeader('retry-after')
      reportRefusal(deps.events, request, error.code)
    }
  }
  app.get('/health', { schema: healthSchema, config, onRequest }, async (request, reply) => {
    const uptimeMs = deps.clock.monotonic() - startedAt
    const health = await healthFor(request, deps, uptimeMs / 1000)
    return reply.code(health.status === 'down' ? 503 : 200).send(health)
  })
  app.get('/health/live', { schema: liveSchema, config }, async () => ({ status: 'ok' as const }))
}

function isRefusal(error: unknown): error is { code: string } {
  return error instanceof errors.unauthenticated || error instanceof errors.tooManyRequests
}

async function healthFor(
  request: FastifyRequest,
  deps: HealthRouteDependencies,
  uptimeSeconds: number,
): Promise<PublicHealth> {
  const input = {
    relay: deps.relayHealth(),
    store: deps.store.health(),
    isStopping: deps.isStopping(),
    version: deps.version,
  }
  if (request.grant?.kind !== 'admin') return publicHealth(input)
  // A store that cannot be read is said to be so by its own health; the rest is needed all the more.
  const outbox = await deps.outbox().catch(() => undefined)
  return operatorHealth({ ...input, role: deps.role, uptimeSeconds, outbox, now: deps.clock.now() })
}
