import { anyText, httpsUrl, matching, oneOf } from '../../config/parsers.ts'
import type { VariableTable } from '../../config/variable.ts'
import { topics } from './topics.ts'

export const APNS_ENVIRONMENTS = ['production', 'sandbox', 'simulator'] as const

const APPLE_ID = matching(/^[A-Z0-9]{10}$/, '10 characters, A-Z and 0-9, as shown in the developer account')

export const APNS_VARIABLES = {
  keyFile: {
    name: 'RELAY_APNS_KEY_FILE',
    default: undefined,
    meaning: "Apple's .p8 signing key, with the next two; or a certificate, below.",
    parse: anyText,
  },
  keyId: {
    name: 'RELAY_APNS_KEY_ID',
    default: undefined,
    meaning: 'Id of that key, 10 characters.',
    parse: APPLE_ID,
  },
  teamId: {
    name: 'RELAY_APNS_TEAM_ID',
    default: undefined,
    meaning: 'Id of the developer team, 10 characters.',
    parse: APPLE_ID,
  },
  certFile: {
    name: 'RELAY_APNS_CERT_FILE',
    default: undefined,
    meaning: 'Push certificate with its private key, .p12 or PEM, instead of a signing key.',
    parse: anyText,
  },
  certPassphrase: {
    name: 'RELAY_APNS_CERT_PASSPHRASE',
    default: undefined,
    meaning: 'Passphrase of that file, if it has one.',
    parse: anyText,
    keepsSpaces: true,
  },
  topics: {
    name: 'RELAY_APNS_TOPICS',
    default: undefined,
    meaning: 'Required with APNs. Bundle ids of the apps, comma-separated; the first is the default app.',
    parse: topics,
  },
  environment: {
    name: 'RELAY_APNS_ENVIRONMENT',
    default: 'production',
    meaning:
      'For registrations that do not say: production, sandbox, or simulator (no key needed, no phone reached).',
    parse: oneOf(APNS_ENVIRONMENTS),
  },
  url: {
    name: 'RELAY_APNS_URL',
    default: undefined,
    meaning: "Replaces Apple's addresses in every environment, for proxies and simulators; https only.",
    parse: httpsUrl,
  },
  caFile: {
    name: 'RELAY_APNS_CA_FILE',
    default: undefined,
    meaning: 'PEM of the authority that signed the certificate of RELAY_APNS_URL, if it is not a public one.',
    parse: anyText,
  },
} as const satisfies VariableTable

export type ApnsVariables = typeof APNS_VARIABLES
