import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allVariables } from '../../src/config/all-variables.ts'
import type { Config } from '../../src/config/config.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { apns } from '../../src/providers/apns/apns.ts'
import { PROVIDERS } from '../../src/providers/providers.ts'
import { ADMIN_TOKEN, apnsOf, BASE, configOf, HOOK_TOKEN, problemsOf } from './support.ts'

const DAY = 86_400_000

test('the defaults are those of the table', () => {
  assert.deepEqual(configOf(), {
    host: '127.0.0.1',
    port: 8080,
    trustProxy: false,
    corsOrigins: [],
    logLevel: 'info',
    hookTokens: [{ token: HOOK_TOKEN, domains: undefined }],
    adminTokens: [ADMIN_TOKEN],
    zeropush: undefined,
    jwt: undefined,
    xmppDomain: undefined,
    store: { kind: 'sqlite', path: './data/relay.db' },
    role: 'all',
    messageTtlMs: 7 * DAY,
    traceRetentionMs: 3 * DAY,
    dedupeWindowMs: 3_600_000,
    preview: 'full',
    previewText: 'New message',
    maxDevices: 20,
    providers: new Map([
      [
        'apns',
        {
          credentials: undefined,
          topics: ['com.example.chat'],
          environment: 'simulator',
          url: undefined,
          ca: undefined,
        },
      ],
    ]),
    isSimulated: true,
    simulatorPort: 8081,
    shutdownMs: 25_000,
  } satisfies Config)
})

const twoTokens = 'aaaaaaaaaaaaaaaa,bbbbbbbbbbbbbbbb'

const GOOD: [string, string, (config: Config) => unknown, unknown][] = [
  ['RELAY_HOST', '::1', c => c.host, '::1'],
  ['RELAY_HOST', 'relay.example.org', c => c.host, 'relay.example.org'],
  ['RELAY_HOST', ' 0.0.0.0 ', c => c.host, '0.0.0.0'],
  ['RELAY_PORT', '0', c => c.port, 0],
  ['RELAY_PORT', '65535', c => c.port, 65535],
  ['RELAY_PORT', '', c => c.port, 8080],
  ['RELAY_TRUST_PROXY', 'true', c => c.trustProxy, true],
  [
    'RELAY_TRUST_PROXY',
    '10.0.0.5, 10.0.0.0/8,fd00::/8',
    c => c.trustProxy,
    ['10.0.0.5', '10.0.0.0/8', 'fd00::/8'],
  ],
  [
    'RELAY_CORS_ORIGINS',
    'https://a.example,http://localhost:3000,capacitor://localhost',
    c => c.corsOrigins,
    ['https://a.example', 'http://localhost:3000', 'capacitor://localhost'],
  ],
  ['RELAY_LOG_LEVEL', 'silent', c => c.logLevel, 'silent'],
  ['RELAY_HOOK_TOKENS', twoTokens, c => c.hookTokens.map(t => t.token), twoTokens.split(',')],
  [
    'RELAY_HOOK_TOKENS',
    'aaaaaaaaaaaaaaa~=Example.ORG|bücher.example',
    c => c.hookTokens,
    [{ token: 'aaaaaaaaaaaaaaa~', domains: ['example.org', 'bücher.example'] }],
  ],
  ['RELAY_ADMIN_TOKENS', twoTokens, c => c.adminTokens, twoTokens.split(',')],
  [
    'RELAY_ZEROPUSH_SERVER_TOKENS',
    twoTokens,
    c => c.zeropush,
    { serverTokens: twoTokens.split(','), appTokens: [] },
  ],
  ['RELAY_JWT_JID_CLAIM', 'https://example.org/jid', c => c.jwt, undefined],
  ['RELAY_XMPP_DOMAIN', 'Chat.Example.ORG', c => c.xmppDomain, 'chat.example.org'],
  [
    'RELAY_STORE',
    'sqlite:/var/lib/push relay/relay.db',
    c => c.store,
    { kind: 'sqlite', path: '/var/lib/push relay/relay.db' },
  ],
  ['RELAY_MESSAGE_TTL', '10s', c => c.messageTtlMs, 10_000],
  ['RELAY_TRACE_RETENTION', '30m', c => c.traceRetentionMs, 1_800_000],
  ['RELAY_DEDUPE_WINDOW', '0s', c => c.dedupeWindowMs, 0],
  ['RELAY_PREVIEW', 'none', c => c.preview, 'none'],
  ['RELAY_PREVIEW_TEXT', 'Neue Nachricht 🙂', c => c.previewText, 'Neue Nachricht 🙂'],
  ['RELAY_MAX_DEVICES', '1', c => c.maxDevices, 1],
  [
    'RELAY_APNS_TOPICS',
    'com.example.a, com.example.b',
    c => apnsOf(c)?.topics,
    ['com.example.a', 'com.example.b'],
  ],
  ['RELAY_APNS_URL', 'https://127.0.0.1:2197/', c => apnsOf(c)?.url, 'https://127.0.0.1:2197'],
  ['RELAY_SIMULATOR_PORT', '0', c => c.simulatorPort, 0],
]

for (const [name, text, pick, expected] of GOOD) {
  test(`${name} takes ${JSON.stringify(text)}`, () => {
    assert.deepEqual(pick(configOf({ [name]: text })), expected)
  })
}

const BAD: Record<string, string[]> = {
  RELAY_HOST: ['127.0.0.1:8080', '[::1]', 'http://localhost', '256.1.1.1', 'a b', '-a'],
  RELAY_PORT: ['-1', '65536', '80.5', '0x50', 'eighty', '1e3'],
  RELAY_TRUST_PROXY: ['yes', 'off', '10.0.0.0/33', '10.0.0.0/', 'fd00::/129', '10.0.0.1,', 'proxy.example'],
  RELAY_CORS_ORIGINS: [
    '*',
    'https://a.example/',
    'https://a.example/x',
    'a.example',
    'https://A.example',
    'https://u@a.example',
  ],
  RELAY_LOG_LEVEL: ['INFO', 'verbose'],
  RELAY_HOOK_TOKENS: [
    'short',
    'has spaces in the token',
    'percent%20percent%20',
    'aaaaaaaaaaaaaaaa,',
    'aaaaaaaaaaaaaaaa=',
    'aaaaaaaaaaaaaaaa=a b',
    'aaaaaaaaaaaaaaaa,aaaaaaaaaaaaaaaa',
    'aaaaaaaaaaaaaaaa=a.example,aaaaaaaaaaaaaaaa=b.example',
  ],
  RELAY_ADMIN_TOKENS: [
    'short',
    'aaaaaaaaaaaaaaaa=example.org',
    'aaaaaaaaaaaaaaaa,,bbbbbbbbbbbbbbbb',
    'bbbbbbbbbbbbbbbb,bbbbbbbbbbbbbbbb',
    'éééééééééééééééé',
  ],
  RELAY_ZEROPUSH_SERVER_TOKENS: [
    'short',
    'aaaaaaaaaaaaaaaa=example.org',
    'aaaaaaaaaaaaaaaa,aaaaaaaaaaaaaaaa',
  ],
  // Alone it is not good either.
  RELAY_ZEROPUSH_APP_TOKENS: ['short', 'iosprod_app_token_1'],
  RELAY_JWT_JID_CLAIM: ['a claim', 'x'.repeat(129)],
  RELAY_XMPP_DOMAIN: ['bob@example.org', 'a b', 'example..org'],
  RELAY_STORE: [
    './data/relay.db',
    'sqlite:',
    'sqlite:///relay.db',
    'sqlite::memory:',
    'sqlite:./data/',
    'mysql://x',
    'postgres://',
    'postgres://relay@/relay',
    'postgres://relay:pw@db.example.org',
    'postgres://db.example.org/relay',
    'postgres://relay@db.example.org/relay/more',
    'postgres://relay@db.example.org/relay?sslmode=require',
    'postgres://relay@db.example.org/relay?password=x',
  ],
  RELAY_ROLE: ['All', 'api,worker', 'worker', 'api'],
  RELAY_MESSAGE_TTL: ['7', '7w', '1d12h', '-1h', '1.5h', '0s', '7 d', '99999d', '7D'],
  RELAY_TRACE_RETENTION: ['forever', '0s'],
  RELAY_DEDUPE_WINDOW: ['0', 'off'],
  RELAY_PREVIEW: ['all', 'Full'],
  RELAY_PREVIEW_TEXT: ['two\nlines', 'x'.repeat(257)],
  RELAY_MAX_DEVICES: ['0', '1001', 'many'],
  RELAY_APNS_TOPICS: ['com.example.chat,', 'com.example chat', '.com', 'com.a,com.a'],
  RELAY_APNS_ENVIRONMENT: ['Production', 'development'],
  RELAY_APNS_URL: [
    'http://127.0.0.1:2197',
    'push.example',
    'https://u:p@a.example',
    'https://a.example/3/device',
    'https://a.example/?x',
  ],
  RELAY_SIMULATOR_PORT: ['65536', 'x', '8080'],
}

for (const [name, texts] of Object.entries(BAD)) {
  for (const text of texts) {
    test(`${name} refuses ${JSON.stringify(text.slice(0, 60))}`, () => {
      const problems = problemsOf({ [name]: text })
      assert.notEqual(problems.length, 0)
      for (const problem of problems) assert.match(problem, new RegExp(`^${name}: `))
    })
  }
}

test('every variable has a bad value above, or is a text or file tested elsewhere', () => {
  const elsewhere = [
    'RELAY_JWT_KEY_FILE',
    'RELAY_APNS_KEY_FILE',
    'RELAY_APNS_KEY_ID',
    'RELAY_APNS_TEAM_ID',
    'RELAY_APNS_CERT_FILE',
    'RELAY_APNS_CERT_PASSPHRASE',
    'RELAY_APNS_CA_FILE',
  ]
  const names = allVariables([apns]).map(variable => variable.name)
  assert.deepEqual([...Object.keys(BAD), ...elsewhere].sort(), [...names].sort())
})

test('everything that is wrong is reported at once', () => {
  const result = readConfig(
    {
      RELAY_PORT: 'x',
      RELAY_PREVEIW: 'full',
      RELAY_MESSAGE_TTL: 'x',
      RELAY_JWT_KEY_FILE: 'nowhere',
    },
    PROVIDERS,
  )
  assert.ok(!result.ok)
  assert.deepEqual(result.problems.map(problem => problem.split(':')[0]).sort(), [
    'RELAY_ADMIN_TOKENS',
    'RELAY_APNS_TOPICS',
    'RELAY_HOOK_TOKENS',
    'RELAY_JWT_KEY_FILE',
    'RELAY_MESSAGE_TTL',
    'RELAY_PORT',
    'RELAY_PREVEIW',
  ])
})

test('an unknown name is an error, and the nearest known one is suggested', () => {
  assert.deepEqual(problemsOf({ RELAY_HOOK_TOKEN: HOOK_TOKEN }), [
    'RELAY_HOOK_TOKEN: is not known; did you mean RELAY_HOOK_TOKENS?',
  ])
  assert.deepEqual(problemsOf({ RELAY_XYZZY_FROBNICATE: '' }), ['RELAY_XYZZY_FROBNICATE: is not known'])
})

test('a token is in one list only', () => {
  assert.deepEqual(problemsOf({ RELAY_ADMIN_TOKENS: HOOK_TOKEN }), [
    'RELAY_ADMIN_TOKENS: holds a token that is also in RELAY_HOOK_TOKENS',
  ])
  assert.equal(problemsOf({ RELAY_HOOK_TOKENS: `${ADMIN_TOKEN}=example.org` }).length, 1)
  const server = 'iosprod_server_token'
  assert.deepEqual(
    problemsOf({
      RELAY_ZEROPUSH_SERVER_TOKENS: `${server},${HOOK_TOKEN}`,
      RELAY_ZEROPUSH_APP_TOKENS: `${server},${ADMIN_TOKEN}`,
    }),
    [
      'RELAY_ZEROPUSH_SERVER_TOKENS: holds a token that is also in RELAY_HOOK_TOKENS',
      'RELAY_ZEROPUSH_APP_TOKENS: holds a token that is also in RELAY_ZEROPUSH_SERVER_TOKENS',
      'RELAY_ZEROPUSH_APP_TOKENS: holds a token that is also in RELAY_ADMIN_TOKENS',
    ],
  )
})

test('app tokens of the ZeroPush API come with server tokens', () => {
  const app = { RELAY_ZEROPUSH_APP_TOKENS: 'iosprod_app_token_1' }
  assert.deepEqual(problemsOf(app), [
    'RELAY_ZEROPUSH_APP_TOKENS: needs RELAY_ZEROPUSH_SERVER_TOKENS, without which the API is off',
  ])
  const both = configOf({ ...app, RELAY_ZEROPUSH_SERVER_TOKENS: 'iosprod_server_token' })
  assert.deepEqual(both.zeropush, {
    serverTokens: ['iosprod_server_token'],
    appTokens: ['iosprod_app_token_1'],
  })
})

/** APNs as it is in earnest. */
const SHARED = {
  RELAY_STORE: 'postgres://relay:pw@db.example.org/relay',
  RELAY_APNS_ENVIRONMENT: 'production',
  RELAY_APNS_CERT_FILE: undefined,
  RELAY_ZEROPUSH_URL: 'https://push.example.org',
  RELAY_ZEROPUSH_TOKEN: 'iosprod_server_token',
  RELAY_APNS_TOPICS: undefined,
}

test('nodes that share a store may do a part of the work each; a worker is posted nothing', () => {
  for (const role of ['all', 'api', 'worker'] as const) {
    assert.equal(configOf({ ...SHARED, RELAY_ROLE: role }).role, role)
  }
  assert.deepEqual(configOf({ ...SHARED, RELAY_ROLE: 'worker', RELAY_HOOK_TOKENS: undefined }).hookTokens, [])
  assert.deepEqual(problemsOf({ ...SHARED, RELAY_ROLE: 'api', RELAY_HOOK_TOKENS: undefined }), [
    'RELAY_HOOK_TOKENS: is required and missing',
  ])
})

test('a node that is alone does all of it', () => {
  for (const role of ['api', 'worker']) {
    assert.deepEqual(problemsOf({ ...SHARED, RELAY_STORE: undefined, RELAY_ROLE: role }), [
      'RELAY_ROLE: must be all with a SQLite file, which nodes cannot share; see RELAY_STORE',
    ])
    assert.deepEqual(problemsOf({ RELAY_STORE: SHARED.RELAY_STORE, RELAY_ROLE: role }), [
      'RELAY_ROLE: must be all while a simulator stands in for a provider: it runs inside one node',
    ])
  }
})

test('a provider must be on', () => {
  const nothing = { RELAY_HOOK_TOKENS: HOOK_TOKEN, RELAY_ADMIN_TOKENS: ADMIN_TOKEN }
  for (const env of [nothing, { ...nothing, RELAY_APNS_ENVIRONMENT: 'production' }]) {
    const result = readConfig(env, PROVIDERS)
    assert.match(
      result.ok ? '' : result.problems.join('\n'),
      /^RELAY_APNS_TOPICS: no push provider is configured.*$/,
    )
  }
})

test('a bad entry in a list is named by its position', () => {
  assert.match(
    problemsOf({ RELAY_HOOK_TOKENS: `${HOOK_TOKEN},short` }).join(),
    /RELAY_HOOK_TOKENS: entry 2: must be 16 or more/,
  )
})

test("without a simulator its port may equal the relay's", () => {
  const result = readConfig(
    { ...BASE, RELAY_APNS_ENVIRONMENT: 'sandbox', RELAY_SIMULATOR_PORT: '8080' },
    PROVIDERS,
  )
  assert.ok(!result.ok && !result.problems.some(problem => problem.includes('SIMULATOR_PORT')))
})
