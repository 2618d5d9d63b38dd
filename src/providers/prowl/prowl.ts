import { Type } from 'typebox'
import { defineProvider } from '../provider-definition.ts'
import { tokenSchema } from '../token-schema.ts'
import { describeProwlConfig, PROWL_VARIABLES, readProwlConfig } from './prowl-config.ts'
import { createProwlProvider } from './prowl-provider.ts'

/** Prowl (https://www.prowlapp.com): its users give their API key to whoever may notify them. */
export const prowl = defineProvider({
  name: 'prowl',
  variables: PROWL_VARIABLES,
  address: Type.Object({
    token: tokenSchema(
      'An API key of Prowl, 40 hexadecimal digits',
      '0123456789abcdef0123456789abcdef01234567',
    ),
  }),
  readConfig: readProwlConfig,
  describeConfig: describeProwlConfig,
  create: ({ url }, parts) => createProwlProvider({ ...parts, url }),
})
