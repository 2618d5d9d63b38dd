import type { FastifyPluginAsync } from 'fastify'
import { createRegisterZeropushDevice } from '../../intake/register-zeropush-device.ts'
import { createRemoveZeropushDevice } from '../../intake/remove-zeropush-device.ts'
import type { HttpDependencies } from '../http-dependencies.ts'
import { rulesOf } from '../known-provider.ts'
import { createErrorHandler } from '../plugins/error-handling.ts'
import { acceptRawBodies } from '../raw-bodies.ts'
import type { VerifyRecipientToken } from '../recipient-token.ts'
import { requireCaller } from './authentication.ts'
import { createFindCaller } from './callers.ts'
import { createChannelRights } from './rights.ts'
import { listingRoutes } from './routes/listing.ts'
import { pushingRoutes } from './routes/pushing.ts'
import { registeringRoutes } from './routes/registering.ts'
import { subscribingRoutes } from './routes/subscribing.ts'
import { ZeropushErrorSchema } from './schemas.ts'
import { ERROR_VIEW } from './views.ts'

export interface ZeropushScopeContext {
  deps: HttpDependencies
  verify: VerifyRecipientToken
}

/** A text of a chat takes up to three bytes for one, percent-encoded. */
const BODY_LIMIT_BYTES = 1024 * 1024

/** The API of the ZeroPush service, for its apps and modules (docs/zeropush-api.md): its own errors, parameters and credentials. */
export const zeropushScope: FastifyPluginAsync<ZeropushScopeContext> = async (app, { deps, verify }) => {
  const { config, zeropush: registry, events, clock, pushToDevices } = deps
  app.addHook('onRoute', route => {
    route.bodyLimit = BODY_LIMIT_BYTES
  })
  app.addSchema(ZeropushErrorSchema)
  app.setErrorHandler(createErrorHandler(events, ERROR_VIEW))
  acceptRawBodies(app, '*')
  requireCaller(app, createFindCaller(config.zeropush, verify), BODY_LIMIT_BYTES)
  const rights = createChannelRights(config)
  await app.register(registeringRoutes, {
    registry,
    registerDevice: createRegisterZeropushDevice({ registry, rules: rulesOf(deps.providers), events, clock }),
    removeDevice: createRemoveZeropushDevice({ registry, events, clock }),
    rights,
    clock,
  })
  await app.register(pushingRoutes, { pushToDevices, clock })
  await app.register(subscribingRoutes, { registry, rights })
  await app.register(listingRoutes, { registry })
}
