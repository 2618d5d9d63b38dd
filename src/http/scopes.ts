import cors from '@fastify/cors'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { createRegisterDevice } from '../intake/register-device.ts'
import {
  createRemoveDevices,
  type RemoveDevices,
  type RemoveDevicesDependencies,
} from '../intake/remove-devices.ts'
import { type Credentials, createCredentials } from './credentials.ts'
import { withDeadline } from './deadline.ts'
import { HANDLER_TIMEOUT_MS } from './fastify-options.ts'
import { findAnyToken, findRecipient, findToken } from './grant-finders.ts'
import { requireHookToken, UNPROVEN_BODY_BYTES } from './hook-authentication.ts'
import type { HttpDependencies } from './http-dependencies.ts'
import { rulesOf } from './known-provider.ts'
import { createAuthenticate, requireGrant } from './plugins/authentication.ts'
import { createRecipientTokenVerifier } from './recipient-token.ts'
import { deviceRoutes, exceptAdmins } from './routes/devices.ts'
import { healthRoutes } from './routes/health.ts'
import { hookRoutes, unprovenBodyBytes } from './routes/hooks.ts'
import { messageRoutes } from './routes/messages.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { providerRoutes } from './routes/providers.ts'
import { recipientRoutes } from './routes/recipients.ts'
import { traceRoutes } from './routes/traces.ts'
import { ownChannels } from './zeropush/channels.ts'
import { zeropushScope } from './zeropush/zeropush-scope.ts'

interface OperatorContext {
  deps: HttpDependencies
  credentials: Credentials
}

interface ScopeContext extends OperatorContext {
  removeDevices: RemoveDevices
}

/** Who may call what: each scope has its own way in, then its routes. */
export async function registerScopes(app: FastifyInstance, deps: HttpDependencies): Promise<void> {
  const credentials = createCredentials(deps.config)
  if (deps.config.role === 'worker') return registerWorkerScopes(app, { deps, credentials })
  const context = { deps, credentials, removeDevices: createRemoveDevices({ ...deps, ...channelsIn(deps) }) }
  await app.register(hookScope, { ...context, dialects: false })
  await app.register(hookScope, { ...context, dialects: true })
  await app.register(deviceScope, { ...context, prefix: '/v1/devices' })
  await app.register(recipientScope, context)
  await app.register(traceScope, context)
  await app.register(metricsScope, context)
  await app.register(publicScope, context)
  await app.register(offerScope, { ...context, prefix: '/v1/providers' })
  if (deps.config.zeropush !== undefined)
    await app.register(zeropushApiScope, { ...context, prefix: '/zeropush' })
}

/** What a node that only pushes answers: how it is. */
async function registerWorkerScopes(app: FastifyInstance, context: OperatorContext): Promise<void> {
  await app.register(metricsScope, context)
  await app.register(publicScope, context)
}

/** The chat server: the front door, or with `dialects` the routes of the public modules. */
const hookScope: FastifyPluginAsync<ScopeContext & { dialects: boolean }> = async (app, options) => {
  const { deps, credentials, dialects } = options
  const authentication = await requireHookToken(app, {
    credentials,
    allowsBareToken: dialects,
    unprovenBodyBytes: dialects ? unprovenBodyBytes : () => UNPROVEN_BODY_BYTES,
  })
  await app.register(dialects ? hookRoutes : messageRoutes, {
    prefix: '/v1',
    authentication,
    acceptOfflineMessages: withDeadline(deps.acceptOfflineMessages, deps.clock),
    xmppDomain: deps.config.xmppDomain,
  })
}

/** The mobile app, with a JWT; an admin in its place. Pages of other origins may call it. */
const deviceScope: FastifyPluginAsync<ScopeContext> = async (app, context) => {
  limitHandlers(app)
  const { deps, credentials, removeDevices } = context
  // Before authentication: a preflight has no credential, and a page must be able to read why its call was refused.
  await allowPages(app, deps)
  const verify = await createRecipientTokenVerifier(deps.config.jwt, deps.clock)
  await requireGrant(app, findRecipient(credentials, verify))
  app.addHook('onRequest', exceptAdmins(app.limits.deviceCall))
  await app.register(deviceRoutes, {
    store: deps.store,
    providers: deps.providers,
    registerDevice: createRegisterDevice({
      ...deps,
      rules: rulesOf(deps.providers),
      maxDevices: deps.config.maxDevices,
    }),
    removeDevices,
    sendTest: deps.sendTest,
  })
}

/** The chat server again, or an admin: an account is gone. */
const recipientScope: FastifyPluginAsync<ScopeContext> = async (app, context) => {
  limitHandlers(app)
  await requireGrant(app, findAnyToken(context.credentials))
  await app.register(recipientRoutes, { prefix: '/v1', removeDevices: context.removeDevices })
}

const traceScope: FastifyPluginAsync<OperatorContext> = async (app, { deps, credentials }) => {
  await requireAdmin(app, credentials)
  await app.register(traceRoutes, { prefix: '/v1', ...deps, xmppDomain: deps.config.xmppDomain })
}

const metricsScope: FastifyPluginAsync<OperatorContext> = async (app, { deps, credentials }) => {
  await requireAdmin(app, credentials)
  await app.register(metricsRoutes, deps)
}

async function requireAdmin(app: FastifyInstance, credentials: Credentials): Promise<void> {
  limitHandlers(app)
  const findAdmin = findToken(credentials, 'admin')
  await requireGrant(app, async presented => findAdmin(presented))
}

/** Nobody needs a credential here; an admin who shows one hears more. */
const publicScope: FastifyPluginAsync<OperatorContext> = async (app, { deps, credentials }) => {
  limitHandlers(app)
  const authenticate = await createAuthenticate(app, findAnyToken(credentials))
  await app.register(healthRoutes, {
    ...deps,
    role: deps.config.role,
    authenticate,
    outbox: () => deps.store.outbox(),
  })
}

/** What apps and web pages must know before they can register: nothing of it is secret. */
const offerScope: FastifyPluginAsync<ScopeContext> = async (app, { deps }) => {
  limitHandlers(app)
  await allowPages(app, deps)
  await app.register(providerRoutes, { providers: deps.providers })
}

/** What was written for the ZeroPush service: its servers, apps and modules. */
const zeropushApiScope: FastifyPluginAsync<ScopeContext> = async (app, { deps }) => {
  limitHandlers(app)
  const verify = await createRecipientTokenVerifier(deps.config.jwt, deps.clock)
  await app.register(zeropushScope, { deps, verify })
}

function channelsIn({ config, zeropush }: HttpDependencies): Pick<RemoveDevicesDependencies, 'channels'> {
  if (config.zeropush === undefined) return {}
  return {
    channels: {
      of: recipient => ownChannels(recipient, config.xmppDomain),
      clear: channel => zeropush.clearChannel(channel),
    },
  }
}

async function allowPages(app: FastifyInstance, { config }: HttpDependencies): Promise<void> {
  const { corsOrigins } = config
  if (corsOrigins.length > 0) await app.register(cors, corsOptions(corsOrigins))
}

function limitHandlers(app: FastifyInstance): void {
  app.addHook('onRoute', route => {
    route.handlerTimeout ??= HANDLER_TIMEOUT_MS
  })
}

function corsOptions(origin: string[]) {
  return {
    origin,
    // Without it an OPTIONS that is no preflight is answered with a bare text instead of a 204.
    strictPreflight: false,
    methods: ['GET', 'PUT', 'POST', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type'],
    exposedHeaders: ['retry-after', 'www-authenticate'],
    maxAge: 3600,
  }
}
