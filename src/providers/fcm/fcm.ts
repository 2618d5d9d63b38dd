import { Type } from 'typebox'
import { defineProvider } from '../provider-definition.ts'
import { tokenSchema } from '../token-schema.ts'
import { describeFcmConfig, readFcmConfig } from './fcm-config.ts'
import { createFcmProvider } from './fcm-provider.ts'
import { FCM_VARIABLES } from './variables.ts'

/** Firebase Cloud Messaging, HTTP v1. */
export const fcm = defineProvider({
  name: 'fcm',
  variables: FCM_VARIABLES,
  address: Type.Object({
    token: tokenSchema(
      'The registration token that Firebase gave to this installation',
      'dX3kLw9sTqG0:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx0dpgQ7',
    ),
  }),
  readConfig: readFcmConfig,
  describeConfig: describeFcmConfig,
  create: createFcmProvider,
})
