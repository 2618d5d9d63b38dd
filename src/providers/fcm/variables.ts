import { anyText, httpsUrl, oneOf } from '../../config/parsers.ts'
import type { VariableTable } from '../../config/variable.ts'
import { PAYLOADS } from './payload.ts'

export const FCM_VARIABLES = {
  serviceAccountFile: {
    name: 'RELAY_FCM_SERVICE_ACCOUNT_FILE',
    default: undefined,
    meaning: 'Key of a service account of the Firebase project, JSON as the Firebase console makes it.',
    parse: anyText,
  },
  payload: {
    name: 'RELAY_FCM_PAYLOAD',
    default: 'notification',
    meaning:
      'Who draws what a phone shows: notification (Android does), or data (the app does, for each message).',
    parse: oneOf(PAYLOADS),
  },
  url: {
    name: 'RELAY_FCM_URL',
    default: undefined,
    meaning:
      "Replaces Google's address, for proxies and simulators; https only. The token URL is in the key file.",
    parse: httpsUrl,
  },
  caFile: {
    name: 'RELAY_FCM_CA_FILE',
    default: undefined,
    meaning: 'PEM of the authority that signed the certificates of RELAY_FCM_URL and of that token URL.',
    parse: anyText,
  },
} as const satisfies VariableTable

export type FcmVariables = typeof FCM_VARIABLES
