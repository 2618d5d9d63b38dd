import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import type { ChannelChange, ZeropushRegistry } from '../../../store/zeropush-registry.ts'
import { errors } from '../../errors.ts'
import { machineRoute } from '../../raw-bodies.ts'
import { callOf } from '../authentication.ts'
import { readChannelList, refuseExcess, requireChannel } from '../channels.ts'
import type { ChannelRights } from '../rights.ts'
import {
  ChannelSchema,
  DeviceTokenSchema,
  DeviceViewSchema,
  described,
  zeropushFailures,
} from '../schemas.ts'
import { readToken } from '../tokens.ts'
import { toDeviceView } from '../views.ts'

export interface SubscribingDependencies {
  registry: Pick<ZeropushRegistry, 'changeChannels' | 'device'>
  rights: ChannelRights
}

const forAccounts = { ...machineRoute, config: { ...machineRoute.config, alsoFor: ['recipient'] as const } }

const shared = (operationId: string, summary: string) => ({
  operationId,
  summary,
  tags: ['zeropush'],
  security: [{ zeropushServer: [] }, { recipient: [] }],
})

const ChannelsSchema = Type.Array(ChannelSchema, { description: "With a JWT only its account's own" })
const SubscriptionSchema = Type.Object(
  { device_token: DeviceTokenSchema, channels: ChannelsSchema },
  { description: 'The channels of the device from now on' },
)
const DeviceWithChannelsSchema = Type.Object(
  { ...DeviceViewSchema.properties, channels: ChannelsSchema },
  { description: 'The device as it is now' },
)

const WITH_PARAMETER = '/subscribe'
const IN_PATH = '/subscribe/:channel'
const channelParams = { params: Type.Object({ channel: ChannelSchema }) }
const said = { device_token: DeviceTokenSchema, channel: ChannelSchema }
const deviceParams = { params: Type.Object({ token: DeviceTokenSchema }) }
const subscribed = { response: { 200: SubscriptionSchema, ...zeropushFailures(404) } }
const changed = { response: { 200: DeviceWithChannelsSchema, ...zeropushFailures(404) } }

const SUBSCRIBE = 'Put a device into a channel'
const UNSUBSCRIBE = 'Take a device out of a channel'

const postSchema = { ...shared('zeropushSubscribe', SUBSCRIBE), body: described(said), ...subscribed }
const postPathSchema = {
  ...shared('zeropushSubscribeTo', SUBSCRIBE),
  ...channelParams,
  body: described({ device_token: DeviceTokenSchema }),
  ...subscribed,
}
const deleteSchema = {
  ...shared('zeropushUnsubscribe', UNSUBSCRIBE),
  querystring: Type.Object(said),
  ...subscribed,
}
const deletePathSchema = {
  ...shared('zeropushUnsubscribeFrom', UNSUBSCRIBE),
  ...channelParams,
  querystring: Type.Object({ device_token: DeviceTokenSchema }),
  ...subscribed,
}
const list = described({ channel_list: Type.String({ examples: ['player-1, game-256'] }) })
const putSchema = {
  ...shared('zeropushReplaceChannels', "Replace a device's channels"),
  ...deviceParams,
  body: list,
  ...changed,
}
const patchSchema = {
  ...shared('zeropushAddChannels', 'Put a device into channels'),
  ...deviceParams,
  body: list,
  ...changed,
}
const getSchema = { ...shared('zeropushGetDevice', 'A device and its channels'), ...deviceParams, ...changed }

/** What decides who receives: for servers, and with a JWT for an account's own channels. */
export const subscribingRoutes: FastifyPluginAsyncTypebox<SubscribingDependencies> = async (app, deps) => {
  const subscribe = (change: 'add' | 'remove') => async (request: FastifyRequest) => {
    const { caller, fields } = callOf(request)
    const [token, channels] = [readToken(fields), [requireChannel(fields)]]
    deps.rights.assertMayListen(caller, channels)
    const all = await changeChannels(deps, token, { change, channels, ...deps.rights.limitsFor(caller) })
    return { device_token: token, channels: deps.rights.visible(caller, all) }
  }
  app.post(WITH_PARAMETER, { schema: postSchema, ...forAccounts }, subscribe('add'))
  app.post(IN_PATH, { schema: postPathSchema, ...forAccounts }, subscribe('add'))
  app.delete(WITH_PARAMETER, { schema: deleteSchema, ...forAccounts }, subscribe('remove'))
  app.delete(IN_PATH, { schema: deletePathSchema, ...forAccounts }, subscribe('remove'))

  const list = (change: 'add' | 'replace') => async (request: FastifyRequest) => {
    const { caller, fields } = callOf(request)
    const channels = readChannelList(fields)
    deps.rights.assertMayListen(caller, channels)
    const limits = deps.rights.limitsFor(caller)
    await changeChannels(deps, readToken(fields, 'token'), { change, channels, ...limits })
    return deviceOf(request, deps)
  }
  app.put('/devices/:token', { schema: putSchema, ...forAccounts }, list('replace'))
  app.patch('/devices/:token', { schema: patchSchema, ...forAccounts }, list('add'))
  app.get('/devices/:token', { schema: getSchema, ...forAccounts }, async request => deviceOf(request, deps))
}

async function changeChannels(
  { registry }: SubscribingDependencies,
  token: string,
  change: ChannelChange,
): Promise<string[]> {
  const channels = await registry.changeChannels(token, change)
  if (channels === 'unknown') throw new errors.unregisteredToken()
  return typeof channels === 'string' ? refuseExcess(channels) : channels
}

async function deviceOf(request: FastifyRequest, { registry, rights }: SubscribingDependencies) {
  const { caller, fields } = callOf(request)
  const device = await registry.device(readToken(fields, 'token'))
  if (device === undefined) throw new errors.unregisteredToken()
  return { ...toDeviceView(device), channels: rights.visible(caller, device.channels) }
}
