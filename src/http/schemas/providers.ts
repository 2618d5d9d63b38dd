import { type Static, Type } from '@fastify/type-provider-typebox'
import type { KnownProvider } from '../known-provider.ts'
import { enumOf, ProviderSchema } from './common.ts'

const OfferSchema = Type.Object({
  provider: ProviderSchema,
  kinds: Type.Array(enumOf(['alert'])),
  apps: Type.Array(Type.String(), {
    description: 'What `app` of a registration may be; the first is taken when it says none',
    examples: [['com.example.chat']],
  }),
  environments: Type.Array(Type.String(), { examples: [['production', 'sandbox']] }),
  vapidPublicKey: Type.Optional(
    Type.String({
      description: 'Only webpush: what `pushManager.subscribe` takes as `applicationServerKey`',
    }),
  ),
})

export const ProviderListSchema = Type.Object(
  { providers: Type.Array(OfferSchema) },
  { description: 'Those that are on' },
)

export function toProviderList(providers: readonly KnownProvider[]): Static<typeof ProviderListSchema> {
  return {
    providers: providers.flatMap(({ name, on }) => {
      if (!on) return []
      const { apps, environments, vapidPublicKey } = on.offer
      return {
        provider: name,
        kinds: ['alert' as const],
        apps: [...apps],
        environments: [...environments],
        ...(vapidPublicKey === undefined ? {} : { vapidPublicKey }),
      }
    }),
  }
}
