import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { KnownProvider } from '../known-provider.ts'
import { failures } from '../schemas/common.ts'
import { ProviderListSchema, toProviderList } from '../schemas/providers.ts'

export interface ProviderRouteDependencies {
  providers: readonly KnownProvider[]
}

const listSchema = {
  operationId: 'listProviders',
  tags: ['devices'],
  summary: 'The providers with which a device can be registered here',
  description: 'Public: an app asks before its user logs in.',
  security: [],
  response: { 200: ProviderListSchema, ...failures() },
}

export const providerRoutes: FastifyPluginAsyncTypebox<ProviderRouteDependencies> = async (
  app,
  { providers },
) => {
  const list = toProviderList(providers)
  app.get('', { schema: listSchema }, async () => list)
}
