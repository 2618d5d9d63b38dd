import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/config.ts'
import type { Clock } from '../domain/clock.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { ProviderName, Registration, RegistrationRules } from '../domain/registration.ts'
import type { AcceptOfflineMessages } from '../intake/accept-offline-message.ts'
import type { Store } from '../store/store.ts'
import type { Events } from '../telemetry/events.ts'
import type { RelayHealth } from './health-view.ts'
import { acceptJsonBodies } from './json-bodies.ts'
import { apiDocs } from './plugins/api-docs.ts'
import { authenticationDecorators } from './plugins/authentication.ts'
import { errorHandling } from './plugins/error-handling.ts'
import { rateLimits } from './plugins/rate-limits.ts'
import { requestLog } from './plugins/request-log.ts'
import { stopping } from './plugins/stopping.ts'
import { ErrorSchema } from './schemas/common.ts'
import { MESSAGE_SCHEMAS } from './schemas/messages.ts'
import { registerScopes } from './scopes.ts'

/** What the HTTP layer needs of the rest; app.ts provides it. */
export interface HttpDependencies {
  config: Config
  version: string
  store: Store
  acceptOfflineMessages: AcceptOfflineMessages
  rules: ReadonlyMap<ProviderName, RegistrationRules>
  /** One attempt, now, outside the outbox. */
  sendTest(registration: Registration): Promise<Outcome & { durationMs: number }>
  relayHealth(): RelayHealth
  metricsText(): Promise<string>
  isStopping(): boolean
  /** Revived deliveries wait in the outbox. */
  onRequeued(): void
  clock: Clock
  events: Events
}

/** Plugins first, in the order in which their hooks run, then the routes. `app` was made with fastifyOptions. */
export async function registerHttp(app: FastifyInstance, deps: HttpDependencies): Promise<void> {
  const { config } = deps
  // Who closes its side after a whole request still gets its answer; by default Node drops the request then.
  Object.assign(app.server, { httpAllowHalfOpen: true })
  for (const schema of [ErrorSchema, ...MESSAGE_SCHEMAS]) app.addSchema(schema)
  acceptJsonBodies(app)
  await app.register(requestLog)
  await app.register(authenticationDecorators)
  await app.register(rateLimits)
  await app.register(errorHandling)
  await app.register(stopping, {
    isStopping: deps.isStopping,
    clock: deps.clock,
    graceMs: Math.floor(config.shutdownMs / 2),
  })
  await app.register(helmet, { contentSecurityPolicy: API_CSP })
  if (config.corsOrigins.length > 0) await app.register(cors, corsOptions(config.corsOrigins))
  await app.register(apiDocs, { version: deps.version })
  await registerScopes(app, deps)
}

// Answers are data, never pages.
const API_CSP = {
  useDefaults: false,
  directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
}

function corsOptions(origin: string[]) {
  return {
    origin,
    methods: ['GET', 'PUT', 'POST', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type'],
    maxAge: 3600,
  }
}
