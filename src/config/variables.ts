import { ROLES } from '../domain/node-role.ts'
import { PREVIEWS } from '../domain/registration.ts'
import { domain } from './domain-name.ts'
import {
  anyText,
  duration,
  host,
  integer,
  matching,
  oneOf,
  origins,
  shownText,
  trustProxy,
} from './parsers.ts'

import { storeLocation } from './store-location.ts'
import { hookTokens, plainTokens } from './token-list.ts'
import type { ValuesOf, VariableTable } from './variable.ts'

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

const CLAIM = matching(/^[A-Za-z0-9_.:/-]{1,128}$/, 'the name of a claim, such as jid')

/** What is not of one provider, in the order in which it is explained. The rest is in the providers' definitions. */
export const VARIABLES = {
  host: {
    name: 'RELAY_HOST',
    default: '127.0.0.1',
    meaning: 'Address to listen on. Keep loopback unless a TLS proxy or a private network is in front.',
    parse: host,
  },
  port: {
    name: 'RELAY_PORT',
    default: '8080',
    meaning: 'Port to listen on; 0 takes a free one.',
    parse: integer(0, 65535),
  },
  trustProxy: {
    name: 'RELAY_TRUST_PROXY',
    default: 'false',
    meaning: 'Whose X-Forwarded-For is believed: false, true, or addresses and networks, comma-separated.',
    parse: trustProxy,
  },
  corsOrigins: {
    name: 'RELAY_CORS_ORIGINS',
    default: undefined,
    meaning:
      'Web origins whose pages may register devices, comma-separated, such as https://chat.example.org; no other route answers them.',
    parse: origins,
  },
  logLevel: {
    name: 'RELAY_LOG_LEVEL',
    default: 'info',
    meaning: 'fatal, error, warn, info, debug, trace or silent.',
    parse: oneOf(LOG_LEVELS),
  },
  hookTokens: {
    name: 'RELAY_HOOK_TOKENS',
    default: undefined,
    meaning:
      'Required. Tokens with which chat servers post messages, comma-separated; a token can be limited to recipient domains: token=example.org|example.com.',
    parse: hookTokens,
  },
  adminTokens: {
    name: 'RELAY_ADMIN_TOKENS',
    default: undefined,
    meaning: 'Required. Tokens for operators, comma-separated: traces, metrics, devices of any recipient.',
    parse: plainTokens,
  },
  zeropushServerTokens: {
    name: 'RELAY_ZEROPUSH_SERVER_TOKENS',
    default: undefined,
    meaning:
      'Tokens with which servers push in the manner of the ZeroPush service (docs/zeropush-api.md), comma-separated. Without it that API is off.',
    parse: plainTokens,
  },
  zeropushAppTokens: {
    name: 'RELAY_ZEROPUSH_APP_TOKENS',
    default: undefined,
    meaning:
      'Tokens that ship inside apps of that service, comma-separated: they may only register and unregister a device and set its badge.',
    parse: plainTokens,
  },
  jwtKeyFile: {
    name: 'RELAY_JWT_KEY_FILE',
    default: undefined,
    meaning:
      "Key with which apps' JWTs are verified, the same file as ejabberd's jwt_key (JWK, one-key JWKS or PEM); several as example.org=path,example.com=path. Without it only admins register devices.",
    parse: anyText,
  },
  jwtJidClaim: {
    name: 'RELAY_JWT_JID_CLAIM',
    default: 'jid',
    meaning: "Claim that holds the user's JID, the same as ejabberd's jwt_jid_field.",
    parse: CLAIM,
  },
  xmppDomain: {
    name: 'RELAY_XMPP_DOMAIN',
    default: undefined,
    meaning: 'Domain that completes a JID given without one, as several ejabberd modules send it.',
    parse: domain,
  },
  store: {
    name: 'RELAY_STORE',
    default: 'sqlite:./data/relay.db',
    meaning:
      'Where accepted messages and registrations are kept: sqlite:<path>, or postgres://user:password@host:5432/database, which several nodes may share.',
    parse: storeLocation,
  },
  role: {
    name: 'RELAY_ROLE',
    default: 'all',
    meaning:
      'What this node does: all; or, where nodes share a PostgreSQL, api (takes messages and answers, but leaves pushing to others) or worker (pushes, and answers only health and metrics).',
    parse: oneOf(ROLES),
  },
  messageTtl: {
    name: 'RELAY_MESSAGE_TTL',
    default: '7d',
    meaning: 'How long a message is worth a notification; afterwards it expires.',
    parse: duration(1_000),
  },
  traceRetention: {
    name: 'RELAY_TRACE_RETENTION',
    default: '72h',
    meaning: 'How long it can be asked what became of a message, counted from its end.',
    parse: duration(1_000),
  },
  dedupeWindow: {
    name: 'RELAY_DEDUPE_WINDOW',
    default: '1h',
    meaning: 'How long a repeated post of the same message is recognised; 0s turns it off.',
    parse: duration(0),
  },
  preview: {
    name: 'RELAY_PREVIEW',
    default: 'full',
    meaning: 'What a phone shows unless its registration says otherwise: full, sender or none.',
    parse: oneOf(PREVIEWS),
  },
  previewText: {
    name: 'RELAY_PREVIEW_TEXT',
    default: 'New message',
    meaning: 'Shown in place of a text that is hidden or missing.',
    parse: shownText,
  },
  maxDevices: {
    name: 'RELAY_MAX_DEVICES',
    default: '20',
    meaning: 'Devices per recipient; beyond it the least recently registered goes.',
    parse: integer(1, 1000),
  },
  simulatorPort: {
    name: 'RELAY_SIMULATOR_PORT',
    default: '8081',
    meaning: 'Loopback port where the simulator shows its phones; 0 takes a free one.',
    parse: integer(0, 65535),
  },
} as const satisfies VariableTable

export type Variables = typeof VARIABLES
export type VariableKey = keyof Variables
export type Values = ValuesOf<Variables>
