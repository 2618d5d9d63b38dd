import { Type } from 'typebox'
import { defineProvider } from '../provider-definition.ts'
import { tokenSchema } from '../token-schema.ts'
import { describeZeroPushConfig, readZeroPushConfig, ZEROPUSH_VARIABLES } from './zeropush-config.ts'
import { createZeroPushProvider } from './zeropush-provider.ts'

/** Any server that speaks the API of ZeroPush, a service that closed in January 2016. */
export const zeropush = defineProvider({
  name: 'zeropush',
  variables: ZEROPUSH_VARIABLES,
  address: Type.Object({
    token: tokenSchema(
      'The device token in hex, as the app would register it with the server',
      '00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0',
    ),
  }),
  readConfig: readZeroPushConfig,
  describeConfig: describeZeroPushConfig,
  create: ({ url, token }, parts) => createZeroPushProvider({ ...parts, url, serverToken: token }),
})
