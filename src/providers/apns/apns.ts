import { Type } from 'typebox'
import { defineProvider } from '../provider-definition.ts'
import { tokenSchema } from '../token-schema.ts'
import { describeApnsConfig, readApnsConfig } from './apns-config.ts'
import { APPLE_ORIGINS, createApnsProvider } from './apns-provider.ts'
import { APNS_VARIABLES } from './variables.ts'

/** Apple Push Notification service. */
export const apns = defineProvider({
  name: 'apns',
  variables: APNS_VARIABLES,
  address: Type.Object({
    token: tokenSchema(
      'The device token in hex',
      '00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0',
    ),
  }),
  readConfig: readApnsConfig,
  describeConfig: describeApnsConfig,
  isSimulated: ({ environment }) => environment === 'simulator',
  create({ credentials, topics, environment, url, ca }, parts) {
    if (credentials === undefined) throw new Error('APNs credentials are missing')
    const isSimulated = environment === 'simulator'
    return createApnsProvider({
      ...parts,
      credentials,
      topics,
      defaultEnvironment: environment,
      origins: originsOf(environment, url),
      ca,
      simulated: isSimulated,
    })
  },
})

function originsOf(environment: string, url: string | undefined): Readonly<Record<string, string>> {
  const { production, sandbox } = APPLE_ORIGINS
  if (url === undefined) return { production, sandbox }
  return environment === 'simulator' ? { simulator: url } : { production: url, sandbox: url }
}
