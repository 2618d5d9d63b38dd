import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNothingHappened, registerPhone } from '../support/requests.ts'
import { BOUND_TOKEN, bearer, createTestApp, HOOK_TOKEN, type TestApp } from '../support/test-app.ts'
import { recording, TYPED } from './dialects/recording.ts'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

function hook(app: TestApp, dialect: string, payload: string | Buffer, headers: object = FORM) {
  return app.http.inject({ method: 'POST', url: `/v1/hooks/${dialect}`, headers: { ...headers }, payload })
}

const RECORDED: [dialect: string, module: string][] = [
  ['mod_interact', 'mod_interact'],
  ['mod_offline_post', 'mod_offline_post-izandromm'],
  ['mod_offline_post', 'mod_offline_post-eeren323'],
  ['mod_offline_http_post', 'mod_offline_http_post'],
  ['mod_offline_http_post_notify', 'mod_offline_http_post_notify'],
  ['mod_offline_http_post_json', 'mod_offline_http_post_json'],
]

for (const [dialect, module] of RECORDED) {
  test(`${module}: the recorded bytes become the message that was typed`, async t => {
    const app = await createTestApp(t)
    await registerPhone(app, 'bob@localhost')
    for (const name of ['ascii', 'special', 'unicode']) {
      const { raw, headers } = recording(`${module}-${name}`, HOOK_TOKEN)
      const response = await hook(app, dialect, raw, headers)
      assert.deepEqual([response.statusCode, response.json().status], [202, 'queued'], name)
      const { recipient, sender, body } = app.handedOff.at(-1)?.content ?? {}
      assert.deepEqual([recipient, sender, body], ['bob@localhost', 'alice@localhost', TYPED[name]])
    }
  })

  test(`${module}: without its token, or with a wrong one, nothing happens`, async t => {
    const app = await createTestApp(t)
    const { raw, headers } = recording(`${module}-ascii`, 'wrong-token-of-some-length')
    assert.equal((await hook(app, dialect, raw, headers)).statusCode, 401)
    const { authorization: _authorization, ...anonymous } = headers
    assert.equal((await hook(app, dialect, raw, anonymous)).statusCode, 401)
    await assertNothingHappened(app)
  })
}

test('a room message is answered with one result per absent member', async t => {
  const app = await createTestApp(t)
  await registerPhone(app, 'bob@localhost')
  const { raw, headers } = recording('mod_offline_post-izandromm-muc', HOOK_TOKEN)
  const response = await hook(app, 'mod_offline_post', raw, headers)
  assert.equal(response.statusCode, 202)
  const results: { status: string }[] = response.json().results
  assert.ok(results.some(({ status }) => status === 'queued'))
  assert.equal(app.handedOff.at(-1)?.content.type, 'groupchat')
})

test('a sender who writes keys into a text forges nothing', async t => {
  const app = await createTestApp(t)
  await registerPhone(app, 'bob@localhost')
  await registerPhone(app, 'carol@localhost', 'phone2', 'cd'.repeat(32))
  const text = 'x&to=carol&from=ceo&vhost=evil.org&access_token=guess'
  const asHeader = { ...FORM, authorization: HOOK_TOKEN }
  const answers = [
    await hook(app, 'mod_offline_post', `to=bob&from=alice&body=${text}&access_token=${HOOK_TOKEN}`),
    await hook(
      app,
      'mod_offline_http_post',
      `to=bob&from=alice&vhost=localhost&body=${text}&messageId=1`,
      asHeader,
    ),
  ]
  assert.ok(answers.every(({ statusCode }) => statusCode === 202))
  assert.deepEqual(
    app.handedOff.map(({ content }) => [content.recipient, content.sender, content.body]),
    answers.map(() => ['bob@localhost', 'alice@localhost', text]),
  )
})

test('a sender cannot authenticate a request through its text', async t => {
  const app = await createTestApp(t)
  const text = `x&access_token=${HOOK_TOKEN}`
  const answers = [
    await hook(app, 'mod_offline_post', `to=bob&from=alice&body=${text}&access_token=wrong`),
    await hook(app, 'mod_offline_http_post', `to=bob&from=alice&vhost=localhost&body=${text}&messageId=1`),
  ]
  assert.ok(answers.every(({ statusCode }) => statusCode === 401))
  await assertNothingHappened(app)
})

test('nothing but the body is percent-decoded: al%69ce is not alice', async t => {
  const app = await createTestApp(t)
  await registerPhone(app, 'bob@localhost')
  await hook(app, 'mod_interact', `to=bob&from=al%69ce&body=100%25&access_token=${HOOK_TOKEN}`)
  await hook(app, 'mod_interact', `to=bo%62&from=alice&body=x&access_token=${HOOK_TOKEN}`)
  assert.deepEqual(
    app.handedOff.map(({ content }) => [content.sender, content.body]),
    [['al%69ce@localhost', '100%']],
  )
})

test('a bound token completes recipients with its domain and reaches no other', async t => {
  const app = await createTestApp(t)
  await registerPhone(app, 'bob@example.org')
  await hook(app, 'mod_interact', `to=bob&from=alice&body=x&access_token=${BOUND_TOKEN}`)
  assert.equal(app.handedOff[0]?.content.recipient, 'bob@example.org')
  const other = 'to=bob&from=alice&vhost=localhost&body=x&messageId=1'
  const response = await hook(app, 'mod_offline_http_post', other, { ...FORM, authorization: BOUND_TOKEN })
  assert.deepEqual([response.statusCode, response.json().code], [403, 'RELAY_WRONG_DOMAIN'])
})

test('an unknown dialect is 404, and says so only to those who may post', async t => {
  const app = await createTestApp(t)
  const known = await hook(app, 'mod_unknown', 'x', bearer(HOOK_TOKEN))
  assert.deepEqual([known.statusCode, known.json().code], [404, 'RELAY_UNKNOWN_DIALECT'])
  assert.match(known.json().message, /mod_offline_post/)
  assert.equal((await hook(app, 'mod_unknown', 'x')).statusCode, 401)
})

test('what is not its module’s form is 400, and another content type 415', async t => {
  const app = await createTestApp(t)
  const headers = { authorization: HOOK_TOKEN }
  const bad = await hook(app, 'mod_offline_http_post', 'hello', { ...FORM, ...headers })
  assert.deepEqual([bad.statusCode, bad.json().code], [400, 'RELAY_MALFORMED_BODY'])
  const type = { 'content-type': 'application/xml' }
  const xml = await hook(app, 'mod_offline_http_post', '<x/>', { ...type, ...headers })
  assert.deepEqual([xml.statusCode, xml.json().code], [415, 'RELAY_UNSUPPORTED_MEDIA_TYPE'])
  const spaced = { 'content-type': 'application/x-www-form-urlencoded;  charset=utf-8', ...headers }
  const good = 'to=bob&from=alice&vhost=localhost&body=x&messageId=1'
  assert.equal((await hook(app, 'mod_offline_http_post', good, spaced)).statusCode, 202)
  const empty = await hook(app, 'mod_offline_http_post', '', headers)
  assert.deepEqual([empty.statusCode, empty.json().code], [400, 'RELAY_MALFORMED_BODY'])
  const scheme = { ...FORM, ...bearer(HOOK_TOKEN) }
  assert.equal((await hook(app, 'mod_offline_http_post', good, scheme)).statusCode, 202)
})
