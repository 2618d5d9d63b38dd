import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@fastify/type-provider-typebox'
import type { Clock } from '../../../domain/clock.ts'
import type {
  RegisterZeropushDevice,
  ZeropushDeviceResult,
} from '../../../intake/register-zeropush-device.ts'
import type { RemoveZeropushDevice } from '../../../intake/remove-zeropush-device.ts'
import type { ZeropushRegistry } from '../../../store/zeropush-registry.ts'
import { errors } from '../../errors.ts'
import { machineRoute } from '../../raw-bodies.ts'
import { callOf } from '../authentication.ts'
import { readBadge } from '../badge.ts'
import { readChannel, refuseExcess } from '../channels.ts'
import type { ChannelRights } from '../rights.ts'
import {
  BadgeSchema,
  ChannelSchema,
  DeviceTokenSchema,
  described,
  OkSchema,
  zeropushFailures,
} from '../schemas.ts'
import { readToken } from '../tokens.ts'

export interface RegisteringDependencies {
  registry: Pick<ZeropushRegistry, 'changeBadge'>
  registerDevice: RegisterZeropushDevice
  removeDevice: RemoveZeropushDevice
  rights: ChannelRights
  clock: Pick<Clock, 'now'>
}

/** An app token is as public as the app. */
const forApps = {
  ...machineRoute,
  config: { ...machineRoute.config, alsoFor: ['app', 'recipient'] as const },
}

const shared = (operationId: string, summary: string) => ({
  operationId,
  summary,
  tags: ['zeropush'],
  security: [{ zeropushServer: [] }, { zeropushApp: [] }, { recipient: [] }],
})

const verifySchema = {
  ...shared('zeropushVerifyCredentials', 'Is this auth_token good, and of which kind'),
  response: {
    200: Type.Object(
      {
        message: Type.String({ examples: ['authenticated'] }),
        auth_token_type: Type.String({ examples: ['server_token'] }),
      },
      { description: "A JWT counts as an app's" },
    ),
    ...zeropushFailures(),
  },
}

const registerSchema = {
  ...shared('zeropushRegister', 'Register a device, or refresh its registration'),
  description: 'With `channel` it needs what subscribing needs.',
  body: described({ device_token: DeviceTokenSchema, channel: Type.Optional(ChannelSchema) }),
  response: { 200: OkSchema, ...zeropushFailures(412) },
}

const unregisterSchema = (operationId: string) => ({
  ...shared(operationId, 'Forget a device, with its channels and its badge'),
  querystring: Type.Object({ device_token: DeviceTokenSchema }),
  response: { 200: OkSchema, ...zeropushFailures() },
})

const badgeSchema = {
  ...shared('zeropushSetBadge', "Set a device's badge, or add to it"),
  body: described({ device_token: DeviceTokenSchema, badge: BadgeSchema }),
  response: { 200: OkSchema, ...zeropushFailures(404) },
}

/** What apps call. */
export const registeringRoutes: FastifyPluginAsyncTypebox<RegisteringDependencies> = async (app, deps) => {
  app.get('/verify_credentials', { schema: verifySchema, ...forApps }, async request => {
    const isServer = callOf(request).caller.role === 'server'
    return { message: 'authenticated', auth_token_type: isServer ? 'server_token' : 'app_token' }
  })
  app.post('/register', { schema: registerSchema, ...forApps }, async request => {
    const { caller, fields } = callOf(request)
    const token = readToken(fields)
    const channel = readChannel(fields)
    if (channel !== undefined) deps.rights.assertMayListen(caller, [channel])
    const result = await deps.registerDevice({
      token,
      environment: caller.role === 'recipient' ? undefined : caller.environment,
      channels: channel === undefined ? [] : [channel],
      ...deps.rights.limitsFor(caller),
    })
    REGISTERED[result]()
    return { message: 'ok' }
  })
  for (const [path, operationId] of UNREGISTERING) {
    app.delete(path, { schema: unregisterSchema(operationId), ...forApps }, async request => {
      await deps.removeDevice(readToken(callOf(request).fields))
      return { message: 'ok' }
    })
  }
  app.post('/set_badge', { schema: badgeSchema, ...forApps }, async request => {
    const { fields } = callOf(request)
    const change = readBadge(fields)
    if (change === undefined) throw new errors.invalidRequest('badge is required')
    const badge = await deps.registry.changeBadge(readToken(fields), change)
    if (badge === undefined) throw new errors.unregisteredToken()
    return { message: 'ok' }
  })
}

/** Both are in use. */
const UNREGISTERING = [
  ['/unregister', 'zeropushUnregister'],
  ['/register', 'zeropushUnregisterToo'],
] as const

const REGISTERED = {
  created: () => {},
  refreshed: () => {},
  'too-many-channels': () => refuseExcess('too-many-channels'),
  'too-many-devices': () => refuseExcess('too-many-devices'),
  'invalid-token': () => {
    throw new errors.invalidRequest('device_token is none of a provider that is configured here')
  },
  'no-provider': () => {
    throw new errors.noProvider()
  },
} as const satisfies Record<ZeropushDeviceResult, () => void>
