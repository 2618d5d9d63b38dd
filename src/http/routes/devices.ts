import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@fastify/type-provider-typebox'
import type { Outcome } from '../../domain/outcome.ts'
import type { Registration } from '../../domain/registration.ts'
import type { RegisterDevice, RegisterDeviceResult } from '../../intake/register-device.ts'
import type { RemoveDevices } from '../../intake/remove-devices.ts'
import type { Store } from '../../store/store.ts'
import { errors } from '../errors.ts'
import { type KnownProvider, rulesOf } from '../known-provider.ts'
import type { Limit } from '../plugins/rate-limits.ts'
import { recipientOf } from '../recipient.ts'
import { failures } from '../schemas/common.ts'
import { deviceRequestShapes } from '../schemas/device-request.ts'
import {
  type Device,
  DeviceListSchema,
  DeviceParamsSchema,
  DeviceSchema,
  RecipientQuerySchema,
  TestOutcomeSchema,
  toDevice,
} from '../schemas/devices.ts'

export interface DeviceRouteDependencies {
  store: Pick<Store, 'registrations'>
  providers: readonly KnownProvider[]
  registerDevice: RegisterDevice
  removeDevices: RemoveDevices
  sendTest(registration: Registration): Promise<Outcome & { durationMs: number }>
}

/** Moves are counted over a day; when the oldest falls out of it is not worth a query. */
const MOVES_RETRY_AFTER_SECONDS = 3600

/** A registration is small. */
const BODY_LIMIT_BYTES = 16 * 1024

const shared = () => ({ tags: ['devices'], security: [{ recipient: [] }, { admin: [] }] })
const deviceAs = (description: string) => Type.Unsafe<Device>({ description, $ref: 'Device#' })

const putSchema = {
  ...shared(),
  operationId: 'registerDevice',
  summary: 'Register a device, or refresh its registration',
  description:
    'Call it at every start of the app. A physical token (apns, fcm, webpush) has one owner: registering one that another ' +
    'recipient holds moves it. At most 5 such moves per recipient and day.',
  params: DeviceParamsSchema,
  querystring: RecipientQuerySchema,
  response: {
    200: deviceAs('It was known and is refreshed'),
    201: deviceAs('It is new'),
    ...failures(400, 401, 403, 413, 415, 429),
  },
}

const listSchema = {
  ...shared(),
  operationId: 'listDevices',
  summary: 'The devices of a recipient',
  querystring: RecipientQuerySchema,
  response: { 200: DeviceListSchema, ...failures(400, 401, 403, 429) },
}

const deleteSchema = {
  ...shared(),
  operationId: 'removeDevice',
  summary: 'Remove a device: call it when the user logs out',
  params: DeviceParamsSchema,
  querystring: RecipientQuerySchema,
  response: {
    204: Type.Null({ description: 'It is gone, or was already' }),
    ...failures(400, 401, 403, 413, 415, 429),
  },
}

const testSchema = {
  ...shared(),
  operationId: 'testDevice',
  summary: 'Send a test notification now, and say what the provider answered',
  params: DeviceParamsSchema,
  querystring: RecipientQuerySchema,
  response: { 200: TestOutcomeSchema, ...failures(400, 401, 403, 404, 409, 413, 415, 429) },
}

/** What the mobile app calls, with the JWT with which it logs in to the chat server. */
export const deviceRoutes: FastifyPluginAsyncTypebox<DeviceRouteDependencies> = async (app, deps) => {
  app.addSchema(DeviceSchema)
  const shapes = deviceRequestShapes(deps.providers)
  for (const shape of shapes.shared) app.addSchema(shape)
  const putOptions = {
    schema: { ...putSchema, body: shapes.schema },
    validatorCompiler: shapes.validatorCompiler,
    bodyLimit: BODY_LIMIT_BYTES,
  }
  app.put('/:device', putOptions, async (request, reply) => {
    const { recipient: named, kind } = request.body
    if (kind === 'voip') throw new errors.reservedKind()
    const result = await deps.registerDevice({
      recipient: recipientOf(request.grant, [named, request.query.recipient]),
      device: request.params.device,
      request: shapes.toRegistrationRequest(request.body),
      isAdmin: request.grant?.kind === 'admin',
    })
    if (result.status === 'too-many-moves') reply.header('retry-after', MOVES_RETRY_AFTER_SECONDS)
    const stored = registrationOf(result, deps.providers)
    return reply.code(result.status === 'created' ? 201 : 200).send(toDevice(stored))
  })
  app.get('', { schema: listSchema }, async request => {
    const registrations = await deps.store.registrations(
      recipientOf(request.grant, [request.query.recipient]),
    )
    return { devices: registrations.map(toDevice) }
  })
  app.delete('/:device', { schema: deleteSchema }, async (request, reply) => {
    await deps.removeDevices.device(
      recipientOf(request.grant, [request.query.recipient]),
      request.params.device,
    )
    return reply.code(204).send(null)
  })
  app.post(
    '/:device/test',
    { schema: testSchema, onRequest: exceptAdmins(app.limits.deviceTest) },
    async request => {
      const recipient = recipientOf(request.grant, [request.query.recipient])
      const registration = await findDevice(deps.store, recipient, request.params.device)
      const { kind, status, reason, durationMs } = await deps.sendTest(registration)
      const { device, provider, app: appId, environment } = registration
      return {
        device,
        provider,
        app: appId,
        environment,
        outcome: kind,
        ...(status === undefined ? {} : { status }),
        ...(reason === undefined ? {} : { reason }),
        durationMs,
      }
    },
  )
}

function registrationOf(result: RegisterDeviceResult, providers: readonly KnownProvider[]): Registration {
  switch (result.status) {
    case 'created':
    case 'refreshed':
      return result.registration
    case 'too-many-moves':
      throw new errors.tooManyMoves()
    case 'unknown-provider':
      throw new errors.unknownProvider([...rulesOf(providers).keys()].join(', '))
    case 'refused':
      throw new REFUSALS[result.code](result.message)
  }
}

const REFUSALS = {
  token: errors.invalidToken,
  app: errors.unknownApp,
  environment: errors.unknownEnvironment,
} as const

/** A device that may be sent to: not one whose token another recipient holds now. */
async function findDevice(
  store: Pick<Store, 'registrations'>,
  recipient: string,
  device: string,
): Promise<Registration> {
  const registrations = await store.registrations(recipient)
  const found = registrations.find(registration => registration.device === device)
  if (found === undefined) throw new errors.unknownDevice()
  if (found.state === 'moved') throw new errors.deviceMoved()
  return found
}

export function exceptAdmins(limit: Limit): Limit {
  return async (request, reply) => {
    if (request.grant?.kind !== 'admin') await limit(request, reply)
  }
}
