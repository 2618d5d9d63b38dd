import { defineProvider } from '../provider-definition.ts'
import { SubscriptionSchema } from './registration-rules.ts'
import { WEBPUSH_VARIABLES } from './variables.ts'
import { describeWebPushConfig, readWebPushConfig } from './webpush-config.ts'
import { createWebPushProvider } from './webpush-provider.ts'

/** Web Push (RFC 8030) to browsers, and to UnifiedPush distributors, which speak the same. */
export const webpush = defineProvider({
  name: 'webpush',
  variables: WEBPUSH_VARIABLES,
  address: SubscriptionSchema,
  readConfig: readWebPushConfig,
  describeConfig: describeWebPushConfig,
  create: (config, parts) => createWebPushProvider({ ...config, ...parts }),
})
