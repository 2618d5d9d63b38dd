import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@fastify/type-provider-typebox'
import type { Clock } from '../../../domain/clock.ts'
import type { PushToDevices } from '../../../intake/push-to-devices.ts'
import { inTime } from '../../deadline.ts'
import { machineRoute } from '../../raw-bodies.ts'
import { callOf } from '../authentication.ts'
import { readAudience } from '../channels.ts'
import { readPush } from '../notification-fields.ts'
import {
  ChannelSchema,
  DeviceTokenSchema,
  described,
  NotificationProperties,
  zeropushFailures,
} from '../schemas.ts'
import { MAX_TOKENS, readTokens } from '../tokens.ts'

export interface PushingDependencies {
  pushToDevices: PushToDevices
  clock: Pick<Clock, 'now' | 'after'>
}

/** A broadcast may be for any number of devices, and its answer says that all of it is on disk: it takes what it takes. */
const LONGEST_BROADCAST_MS = 3_600_000

const shared = (operationId: string, summary: string) => ({
  operationId,
  summary,
  tags: ['zeropush'],
  security: [{ zeropushServer: [] }],
})

const CountSchema = Type.Integer({ description: 'Devices for which a message is on disk', examples: [10] })

const notifySchema = {
  ...shared('zeropushNotify', 'Push to devices by their tokens'),
  body: described({
    device_tokens: Type.Array(DeviceTokenSchema, { maxItems: MAX_TOKENS }),
    ...NotificationProperties,
  }),
  response: {
    200: Type.Object(
      {
        sent_count: CountSchema,
        inactive_tokens: Type.Array(Type.String(), { description: 'Their provider says they are dead' }),
        unregistered_tokens: Type.Array(Type.String(), { description: 'Nobody registered them' }),
      },
      { description: 'What became of each' },
    ),
    ...zeropushFailures(),
  },
}

const broadcastSchema = (operationId: string, summary: string) => ({
  ...shared(operationId, summary),
  body: described({ ...NotificationProperties, channel: Type.Optional(ChannelSchema) }),
  response: {
    200: Type.Object({ sent_count: CountSchema }, { description: 'Once the last one is on disk' }),
    ...zeropushFailures(),
  },
})

const channelSchema = {
  ...broadcastSchema('zeropushBroadcastTo', 'Push to every device of a channel'),
  params: Type.Object({ channel: ChannelSchema }),
}

/** What servers call; mod_zeropush of ejabberd posts to `/broadcast/`. */
export const pushingRoutes: FastifyPluginAsyncTypebox<PushingDependencies> = async (app, deps) => {
  app.post('/notify', { schema: notifySchema, ...machineRoute }, async request => {
    const { fields } = callOf(request)
    const given = readTokens(fields)
    const push = readPush(fields, deps.clock.now())
    const result = await inTime(deps.pushToDevices.named([...given.keys()], push), deps.clock)
    // As the caller knows them.
    const named = (tokens: readonly string[]) => tokens.map(token => given.get(token) ?? token)
    return {
      sent_count: result.sent,
      inactive_tokens: named(result.inactive),
      unregistered_tokens: named(result.unregistered),
    }
  })
  const routes = {
    '/broadcast': broadcastSchema(
      'zeropushBroadcast',
      'Push to every device, or with `channel` to those in it',
    ),
    '/broadcast/:channel': channelSchema,
  }
  for (const [path, schema] of Object.entries(routes)) {
    app.post(
      path,
      { schema, ...machineRoute, handlerTimeout: LONGEST_BROADCAST_MS },
      async (request, reply) => {
        const { fields } = callOf(request)
        const push = readPush(fields, deps.clock.now())
        const pages = deps.pushToDevices.broadcast(readAudience(fields), push)
        // Nothing travels meanwhile, and Node cuts a silent connection unless somebody hears of it.
        reply.raw.on('timeout', () => {})
        return { sent_count: await sentIn(pages, deps.clock) }
      },
    )
  }
}

/** mod_zeropush holds its sender until it is answered: a commit that hangs ends the call, however many follow. */
async function sentIn(pages: AsyncIterable<number>, clock: Pick<Clock, 'after'>): Promise<number> {
  const each = pages[Symbol.asyncIterator]()
  let sent = 0
  for (;;) {
    const page = await inTime(each.next(), clock)
    if (page.done) return sent
    sent += page.value
  }
}
