import type { FastifyInstance } from 'fastify'
import type { Events } from '../telemetry/events.ts'
import type { HttpDependencies } from './http-dependencies.ts'
import { acceptJsonBodies } from './json-bodies.ts'
import { apiDocs } from './plugins/api-docs.ts'
import { authenticationDecorators } from './plugins/authentication.ts'
import { errorHandling } from './plugins/error-handling.ts'
import { rateLimits } from './plugins/rate-limits.ts'
import { requestLog } from './plugins/request-log.ts'
import { securityHeaders } from './plugins/security-headers.ts'
import { stopping } from './plugins/stopping.ts'
import { unansweredRequests } from './plugins/unanswered-requests.ts'
import { ErrorSchema } from './schemas/common.ts'
import { MESSAGE_SCHEMAS } from './schemas/messages.ts'
import { registerScopes } from './scopes.ts'

/** Plugins first, in the order in which their hooks run, then the routes. `app` was made with fastifyOptions. */
export async function registerHttp(app: FastifyInstance, deps: HttpDependencies): Promise<void> {
  const { config } = deps
  // Who closes its side after a whole request still gets its answer; by default Node drops the request then.
  Object.assign(app.server, { httpAllowHalfOpen: true })
  announceRoutes(app, deps.events)
  for (const schema of [ErrorSchema, ...MESSAGE_SCHEMAS]) app.addSchema(schema)
  acceptJsonBodies(app)
  await app.register(unansweredRequests)
  await app.register(requestLog)
  await app.register(securityHeaders)
  await app.register(authenticationDecorators)
  await app.register(rateLimits)
  await app.register(errorHandling, { events: deps.events })
  await app.register(stopping, {
    isStopping: deps.isStopping,
    clock: deps.clock,
    graceMs: Math.floor(config.shutdownMs * REQUESTS_SHARE),
  })
  // A worker has nothing of what they describe.
  if (config.role !== 'worker') await app.register(apiDocs, { version: deps.version })
  await registerScopes(app, deps)
}

/** Those that want a credential, by what they say they answer. */
function announceRoutes(app: FastifyInstance, events: Pick<Events, 'emit'>): void {
  const routes: string[] = []
  app.addHook('onRoute', ({ method, url, schema }) => {
    const declared = (schema?.response ?? {}) as Record<string, unknown>
    if (method !== 'HEAD' && '401' in declared) routes.push(`${method} ${url}`)
  })
  app.addHook('onReady', async () => events.emit('routes.opened', { routes }))
}

/** What a stop may spend on requests that do not end; attempts that are in flight need the rest. */
export const REQUESTS_SHARE = 0.2
