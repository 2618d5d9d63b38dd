import { Type } from 'typebox'
import { defineProvider } from '../provider-definition.ts'
import { tokenSchema } from '../token-schema.ts'
import { describeHttpConfig, HTTP_VARIABLES, readHttpConfig } from './http-config.ts'
import { createHttpProvider } from './http-provider.ts'

/** A push service of one's own: a signed POST to one URL. docs/providers/http.md says what it gets. */
export const http = defineProvider({
  name: 'http',
  variables: HTTP_VARIABLES,
  address: Type.Object({
    token: tokenSchema('Whatever the receiver knows the device by; passed on as it is', 'device-4711'),
  }),
  readConfig: readHttpConfig,
  describeConfig: describeHttpConfig,
  create: createHttpProvider,
})
