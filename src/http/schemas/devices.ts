import { type Static, Type } from '@fastify/type-provider-typebox'
import { OUTCOME_KINDS } from '../../domain/outcome.ts'
import { PREVIEWS, REGISTRATION_STATES, type Registration, tokenHash } from '../../domain/registration.ts'
import { enumOf, InstantSchema, instant, JidSchema, ProviderSchema } from './common.ts'

const DeviceIdSchema = Type.String({
  pattern: '^[A-Za-z0-9._-]{1,128}$',
  description: "The app's installation id, made once per installation",
  examples: ['3F2504E0-4F89-11D3-9A0C-0305E82C3301'],
})

/** Text that people read: no control characters. */
const shortText = (maxLength: number, options: object) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000-\\u001f\\u007f]*$', ...options })

const PreviewSchema = enumOf(PREVIEWS, {
  description: 'What the phone shows; absent: as the relay is set up',
})

export const DeviceParamsSchema = Type.Object({ device: DeviceIdSchema })

const RecipientSchema = Type.Unsafe<string>({
  ...JidSchema,
  description: 'Necessary with an admin token; with a JWT it may only repeat the JID of its claim',
})

export const RecipientQuerySchema = Type.Object({ recipient: Type.Optional(RecipientSchema) })

/** What a registration has whatever its provider. */
export const CommonFieldsSchema = Type.Object({
  app: Type.Optional(
    shortText(255, {
      description: 'One of those that `GET /v1/providers` lists, for apns the bundle id; absent: the first',
      examples: ['com.example.chat'],
    }),
  ),
  environment: Type.Optional(
    shortText(64, {
      description:
        'For apns `production` or `sandbox` (builds run from Xcode); absent: as the relay is set up',
      examples: ['production'],
    }),
  ),
  kind: Type.Optional(enumOf(['alert', 'voip'], { description: '`voip` is reserved and answered with 400' })),
  name: Type.Optional(shortText(128, { description: 'For people', examples: ["Bob's iPhone"] })),
  locale: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9]+([-_][A-Za-z0-9]+)*$',
      maxLength: 35,
      description: 'Language of the phone',
      examples: ['pt-BR'],
    }),
  ),
  preview: Type.Optional(PreviewSchema),
  recipient: Type.Optional(RecipientSchema),
})

export const DeviceSchema = Type.Object(
  {
    device: DeviceIdSchema,
    kind: enumOf(['alert']),
    provider: ProviderSchema,
    app: Type.String({ examples: ['com.example.chat'] }),
    environment: Type.String({ examples: ['production'] }),
    tokenHash: Type.String({
      description: '12 hex digits of the SHA-256 of the token, which itself is never shown',
      examples: ['9f86d081884c'],
    }),
    name: Type.Optional(Type.String()),
    locale: Type.Optional(Type.String()),
    preview: Type.Optional(PreviewSchema),
    registeredAt: InstantSchema,
    state: enumOf(REGISTRATION_STATES, {
      description:
        'Only `active` receives. `disabled`: the provider says the token is dead; `suspended`: it kept being refused; ' +
        '`moved`: another recipient registered it. The next PUT makes it active again',
    }),
  },
  { $id: 'Device' },
)
export type Device = Static<typeof DeviceSchema>

export const DeviceListSchema = Type.Object(
  { devices: Type.Array(Type.Unsafe<Device>({ $ref: 'Device#' })) },
  { description: 'All of them, also those that receive nothing at present' },
)

export const TestOutcomeSchema = Type.Object(
  {
    device: DeviceIdSchema,
    provider: ProviderSchema,
    app: Type.String(),
    environment: Type.String(),
    outcome: enumOf(OUTCOME_KINDS, { description: '`accepted`: the provider took it' }),
    status: Type.Optional(Type.Integer({ description: "The provider's status code" })),
    reason: Type.Optional(
      Type.String({ description: "The provider's own word", examples: ['BadDeviceToken'] }),
    ),
    durationMs: Type.Number(),
  },
  { description: 'The attempt was made; `outcome` says how it went' },
)

export function toDevice(registration: Registration): Device {
  const { device, kind, provider, app, environment, name, locale, preview, state } = registration
  return {
    device,
    kind,
    provider,
    app,
    environment,
    tokenHash: tokenHash(registration.token),
    ...(name === undefined ? {} : { name }),
    ...(locale === undefined ? {} : { locale }),
    ...(preview === undefined ? {} : { preview }),
    registeredAt: instant(registration.registeredAt),
    state,
  }
}
