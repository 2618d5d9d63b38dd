import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Listed, ZeropushRegistry } from '../../../store/zeropush-registry.ts'
import { errors } from '../../errors.ts'
import { machineRoute } from '../../raw-bodies.ts'
import { callOf } from '../authentication.ts'
import { readInteger, readText } from '../reading.ts'
import {
  ChannelSchema,
  DeviceTokenSchema,
  DeviceViewSchema,
  PageQuerySchema,
  zeropushFailures,
} from '../schemas.ts'
import { instant, linkOf, type PageQuery, readPage, toDeviceView } from '../views.ts'

export interface ListingDependencies {
  registry: Pick<ZeropushRegistry, 'devices' | 'inactive' | 'channels' | 'tokensIn' | 'clearChannel'>
}

/** Tokens of one channel that are told: there are no pages. */
const MOST_TOKENS = 10_000
const MOST_INACTIVE = 100
const LATEST_SECONDS = 253_402_300_799

const shared = (operationId: string, summary: string) => ({
  operationId,
  summary,
  tags: ['zeropush'],
  security: [{ zeropushServer: [] }],
})

const devicesSchema = {
  ...shared('zeropushListDevices', 'All devices, page by page'),
  querystring: PageQuerySchema,
  response: {
    200: Type.Array(DeviceViewSchema, { description: 'In `Link` the next page' }),
    ...zeropushFailures(),
  },
}

const inactiveSchema = {
  ...shared('zeropushListInactiveTokens', 'Tokens that their provider calls dead, the last one first'),
  querystring: Type.Object({
    ...PageQuerySchema.properties,
    since: Type.Optional(Type.Integer({ description: 'Seconds since 1970' })),
  }),
  response: {
    200: Type.Array(
      Type.Object({
        device_token: DeviceTokenSchema,
        marked_inactive_at: Type.String({ examples: ['2026-01-31T12:00:00Z'] }),
      }),
      { description: 'In `Link` the next page' },
    ),
    ...zeropushFailures(),
  },
}

const channelsSchema = {
  ...shared('zeropushListChannels', 'The channels that have devices, page by page'),
  querystring: PageQuerySchema,
  response: {
    200: Type.Array(ChannelSchema, { description: 'In `Link` the next page' }),
    ...zeropushFailures(),
  },
}

const channelSchema = (operationId: string, summary: string) => ({
  ...shared(operationId, summary),
  params: Type.Object({ name: ChannelSchema }),
  response: {
    200: Type.Object(
      { channel: ChannelSchema, device_tokens: Type.Array(DeviceTokenSchema, { maxItems: MOST_TOKENS }) },
      { description: 'The devices that are in it, or were' },
    ),
    ...zeropushFailures(404),
  },
})
const getChannelSchema = channelSchema('zeropushGetChannel', 'The devices of a channel')
const deleteChannelSchema = channelSchema('zeropushDeleteChannel', 'Take every device out of a channel')

/** What servers ask. */
export const listingRoutes: FastifyPluginAsyncTypebox<ListingDependencies> = async (app, { registry }) => {
  app.get('/devices', { schema: devicesSchema, ...machineRoute }, async (request, reply) => {
    const page = readPage(callOf(request).fields)
    return listed(await registry.devices(page), { request, reply, page }).map(toDeviceView)
  })
  app.get('/inactive_tokens', { schema: inactiveSchema, ...machineRoute }, async (request, reply) => {
    const { fields } = callOf(request)
    const page = readPage(fields, MOST_INACTIVE)
    const since = readInteger(fields, 'since', 0, LATEST_SECONDS)
    const found = await registry.inactive({ ...page, since: (since ?? 0) * 1000 })
    const kept = since === undefined ? {} : { since: String(since) }
    return listed(found, { request, reply, page, kept }).map(({ token, markedInactiveAt = 0 }) => ({
      device_token: token,
      marked_inactive_at: instant(markedInactiveAt),
    }))
  })
  app.get('/channels', { schema: channelsSchema, ...machineRoute }, async (request, reply) => {
    const page = readPage(callOf(request).fields)
    return [...listed(await registry.channels(page), { request, reply, page })]
  })
  app.get('/channels/:name', { schema: getChannelSchema, ...machineRoute }, request =>
    channelOf(request, registry),
  )
  app.delete('/channels/:name', { schema: deleteChannelSchema, ...machineRoute }, async request => {
    const channel = await channelOf(request, registry)
    await registry.clearChannel(channel.channel)
    return channel
  })
}

interface Listing {
  request: FastifyRequest
  reply: FastifyReply
  page: PageQuery
  kept?: Readonly<Record<string, string>>
}

function listed<T>({ entries, total }: Listed<T>, { request, reply, page, kept }: Listing): readonly T[] {
  const link = linkOf(request, page, total, kept)
  if (link !== undefined) void reply.header('link', link)
  return entries
}

async function channelOf(request: FastifyRequest, registry: ListingDependencies['registry']) {
  const channel = readText(callOf(request).fields, 'name', Number.POSITIVE_INFINITY) ?? ''
  const tokens = await registry.tokensIn(channel, MOST_TOKENS)
  if (tokens.length === 0) throw new errors.unknownChannel()
  return { channel, device_tokens: tokens }
}
