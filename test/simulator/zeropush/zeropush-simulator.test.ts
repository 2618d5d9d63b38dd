import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import {
  startZeroPushSimulator,
  type ZeroPushSimulatorOptions,
} from '../../../src/simulator/zeropush/zeropush-simulator.ts'
import { type CurlOptions, curl } from '../../support/curl.ts'

const SERVER = 'iosprod_server'
const APP = 'iosprod_app'
const TOKEN = 'ab'.repeat(32)
const OTHER = 'cd'.repeat(32)
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const JSON_TYPE = { 'content-type': 'application/json' }
const HEADER = { authorization: `Token token="${SERVER}"` }

async function startRig(t: TestContext, options: Partial<ZeroPushSimulatorOptions> = {}) {
  const simulator = await startZeroPushSimulator({ serverTokens: [SERVER], appTokens: [APP], ...options })
  t.after(() => simulator.close())
  const call = async (method: string, path: string, { headers = {}, body }: CurlOptions = {}) => {
    const answer = await curl(`${simulator.url}${path}`, { method, headers, body })
    const isJson = String(answer.headers['content-type']).startsWith('application/json')
    return { ...answer, said: isJson ? JSON.parse(answer.body) : undefined }
  }
  const form = (path: string, body: string, headers = {}) =>
    call('POST', path, { headers: { ...FORM, ...HEADER, ...headers }, body })
  const json = (path: string, body: unknown, headers = {}) =>
    call('POST', path, { headers: { ...JSON_TYPE, ...HEADER, ...headers }, body: JSON.stringify(body) })
  simulator.devices.register(TOKEN)
  return { simulator, call, form, json }
}

describe('how the simulator of ZeroPush may be spoken to', () => {
  const ways: [what: string, path: string, options: CurlOptions][] = [
    [
      'JSON',
      '/notify',
      {
        headers: { ...JSON_TYPE, ...HEADER },
        body: JSON.stringify({ device_tokens: [TOKEN], alert: 'a b' }),
      },
    ],
    ['a form', '/notify', { headers: { ...FORM, ...HEADER }, body: `device_tokens[]=${TOKEN}&alert=a+b` }],
    [
      'a form with encoded brackets',
      '/notify',
      { headers: { ...FORM, ...HEADER }, body: `device_tokens%5B%5D=${TOKEN}&alert=a%20b` },
    ],
    ['a form without a type', '/notify', { headers: HEADER, body: `device_tokens[]=${TOKEN}&alert=a+b` }],
    [
      'one token that is no list',
      '/notify',
      { headers: { ...FORM, ...HEADER }, body: `device_tokens=${TOKEN}&alert=a+b` },
    ],
    ['the query of a POST', `/notify?device_tokens[]=${TOKEN}&alert=a+b&auth_token=${SERVER}`, {}],
    [
      'query and body together',
      `/notify?device_tokens[]=${TOKEN}`,
      { headers: { ...FORM, ...HEADER }, body: 'alert=a+b' },
    ],
    [
      'a slash at the end',
      '/notify/',
      { headers: { ...FORM, ...HEADER }, body: `device_tokens[]=${TOKEN}&alert=a+b` },
    ],
    [
      'the token in the form',
      '/notify',
      { headers: FORM, body: `auth_token=${SERVER}&device_tokens[]=${TOKEN}&alert=a+b` },
    ],
    [
      'the token in JSON',
      '/notify',
      {
        headers: JSON_TYPE,
        body: JSON.stringify({ auth_token: SERVER, device_tokens: [TOKEN], alert: 'a b' }),
      },
    ],
    [
      'the token without quotes',
      '/notify',
      {
        headers: { ...FORM, authorization: `Token token=${SERVER}` },
        body: `device_tokens[]=${TOKEN}&alert=a+b`,
      },
    ],
    [
      'the token of a phone as iOS writes it',
      '/notify',
      { headers: { ...FORM, ...HEADER }, body: `device_tokens[]=%3C${'abababab+'.repeat(8)}%3E&alert=a+b` },
    ],
  ]
  for (const [what, path, options] of ways) {
    it(`in ${what}`, async t => {
      const { simulator, call } = await startRig(t)
      const { status, said } = await call('POST', path, options)
      assert.deepEqual([status, said], [200, { sent_count: 1, inactive_tokens: [], unregistered_tokens: [] }])
      assert.deepEqual(simulator.shown, [{ token: TOKEN, alert: 'a b', badge: 0 }])
    })
  }

  it('by mod_zeropush, as it is', async t => {
    const { simulator, call } = await startRig(t)
    simulator.devices.find(TOKEN)?.channels.add('bob')
    const body = `alert=Gr%C3%BC%C3%9Fe%20%26%20mehr&badge=%2B1&sound=default&channel=bob&info[from]=alice&auth_token=${SERVER}`
    const { said } = await call('POST', '/broadcast/', { headers: FORM, body })
    assert.deepEqual(said, { sent_count: 1 })
    const shown = { token: TOKEN, alert: 'Grüße & mehr', badge: 1, sound: 'default' }
    assert.deepEqual(JSON.parse(JSON.stringify(simulator.shown)), [{ ...shown, info: { from: 'alice' } }])
  })

  it('with info as an object, a text of JSON, or keys in brackets', async t => {
    const { simulator, form, json } = await startRig(t)
    const info = { chat: { id: '1', from: 'alice' } }
    await json('/notify', { device_tokens: [TOKEN], alert: 'a', info })
    await form('/notify', `device_tokens[]=${TOKEN}&alert=a&info=${encodeURIComponent(JSON.stringify(info))}`)
    await form('/notify', `device_tokens[]=${TOKEN}&alert=a&info[chat][id]=1&info[chat][from]=alice`)
    const shown = JSON.parse(JSON.stringify(simulator.shown))
    assert.deepEqual(
      shown.map(({ info }: { info: unknown }) => info),
      [info, info, info],
    )
  })

  it('with a dictionary for an alert', async t => {
    const { simulator, form, json } = await startRig(t)
    await json('/notify', { device_tokens: [TOKEN], alert: { body: 'Hi', 'loc-args': ['x'] } })
    await form('/notify', `device_tokens[]=${TOKEN}&alert=${encodeURIComponent('{"body":"Hi"}')}`)
    await form('/notify', `device_tokens[]=${TOKEN}&alert=${encodeURIComponent('{"text":"no alert"}')}`)
    await json('/notify', { device_tokens: [TOKEN], alert: '{"body":"a text"}' })
    assert.deepEqual(
      simulator.shown.map(({ alert }) => alert),
      ['Hi', 'Hi', '{"text":"no alert"}', '{"body":"a text"}'],
    )
  })

  it('with badges that are set, and badges that are counted for each device', async t => {
    const { simulator, form, json } = await startRig(t)
    const badges: [sent: unknown, shown: number][] = [
      [5, 5],
      ['+1', 6],
      ['+10', 16],
      ['-1', 15],
      ['-100', 0],
      ['7', 7],
      [0, 0],
    ]
    for (const [badge, shown] of badges) {
      await json('/notify', { device_tokens: [TOKEN], badge })
      assert.equal(simulator.shown.at(-1)?.badge, shown, String(badge))
    }
    for (const [badge, shown] of [
      ['%2B1', 1],
      ['+1', 2],
      ['9', 9],
      ['-1', 8],
    ] as const) {
      await form('/notify', `device_tokens[]=${TOKEN}&badge=${badge}`)
      assert.equal(simulator.shown.at(-1)?.badge, shown, badge)
    }
    await form('/set_badge', `device_token=${TOKEN}&badge=3`)
    assert.equal(simulator.devices.find(TOKEN)?.badge, 3)
  })
})

describe('what the simulator of ZeroPush refuses', () => {
  it('a call without a token, or with a wrong one, in newer and older words', async t => {
    const newer = await startRig(t)
    const older = await startRig(t, { errorStyle: 'older' })
    for (const headers of [
      {},
      { authorization: 'Token token="other"' },
      { authorization: `Bearer ${SERVER}` },
    ]) {
      const body = `device_tokens[]=${TOKEN}&alert=a`
      const { status, said } = await newer.call('POST', '/notify', { headers: { ...FORM, ...headers }, body })
      assert.deepEqual([status, said.error, typeof said.message], [401, 'authorization error', 'string'])
      const old = await older.call('POST', '/notify', { headers: { ...FORM, ...headers }, body })
      assert.deepEqual([old.status, old.said], [401, { error: 'unauthorized' }])
    }
    assert.deepEqual(newer.simulator.shown, [])
  })

  it('an app token for what only servers may do', async t => {
    const { call } = await startRig(t)
    const as = (method: string, path: string) =>
      call(method, `${path}?auth_token=${APP}&device_token=${TOKEN}&badge=1`)
    for (const [method, path] of [
      ['POST', '/notify'],
      ['POST', '/broadcast'],
      ['GET', '/inactive_tokens'],
    ] as const) {
      const { status, said } = await as(method, path)
      assert.deepEqual([status, said.error], [403, 'authorization error'], path)
    }
    const mayDo = [
      ...[
        ['GET', '/verify_credentials'],
        ['POST', '/register'],
        ['POST', '/subscribe/a'],
        ['DELETE', '/subscribe/a'],
      ],
      ...[
        ['POST', '/set_badge'],
        ['GET', `/devices/${TOKEN}`],
        ['DELETE', '/unregister'],
      ],
    ] as [string, string][]
    for (const [method, path] of mayDo) assert.equal((await as(method, path)).status, 200, path)
  })

  it('to send at all without a certificate', async t => {
    const { simulator, json } = await startRig(t)
    simulator.setConfigured(false)
    const { status, said } = await json('/notify', { device_tokens: [TOKEN], alert: 'a' })
    assert.deepEqual([status, said.error], [412, 'configuration error'])
  })

  it('to send more than the quota, of which every answer tells', async t => {
    const { simulator, json } = await startRig(t, { pushQuota: 2 })
    const push = () => json('/notify', { device_tokens: [TOKEN], alert: 'a' })
    const first = await push()
    assert.deepEqual(
      ['', '-remaining', '-overage', '-reset'].map(name => first.headers[`x-push-quota${name}`]),
      ['2', '1', '0', 'null'],
    )
    await push()
    const refused = await push()
    assert.deepEqual([refused.status, refused.said.error], [403, 'quota error'])
    simulator.quota.leave(0, 1_800_000_000)
    assert.equal((await push()).headers['x-push-quota-reset'], '1800000000')
    assert.equal(simulator.shown.length, 2)
  })

  const wrong: [what: string, fields: object][] = [
    ['nobody to notify', { alert: 'a' }],
    ['an empty list of tokens', { alert: 'a', device_tokens: [] }],
    ['tokens that are no texts', { alert: 'a', device_tokens: [1] }],
    ['nothing to notify of', { device_tokens: [TOKEN], sound_: 1 }],
    ['only what a payload may hold besides', { device_tokens: [TOKEN], category: 'chat' }],
    ['a field that is none', { device_tokens: [TOKEN], alert: 'a', title_: 'b' }],
    ['an alert that is a number', { device_tokens: [TOKEN], alert: 1 }],
    ['a title within the dictionary', { device_tokens: [TOKEN], alert: { title: 'a', body: 'b' } }],
    ['a badge that is a word', { device_tokens: [TOKEN], badge: 'many' }],
    ['a negative badge', { device_tokens: [TOKEN], badge: -1 }],
    ['a badge that is an object', { device_tokens: [TOKEN], badge: { a: 1 } }],
    ['info that is a text', { device_tokens: [TOKEN], alert: 'a', info: '{"a":1}' }],
    ['an expiry in milliseconds', { device_tokens: [TOKEN], alert: 'a', expiry: Date.UTC(2026, 0, 1) }],
    ['a payload that is too long', { device_tokens: [TOKEN], alert: 'a'.repeat(2048) }],
  ]
  for (const [what, fields] of wrong) {
    it(what, async t => {
      const { simulator, json } = await startRig(t)
      const { status, said } = await json('/notify', fields)
      assert.deepEqual([status, typeof said.error], [400, 'string'])
      assert.deepEqual([simulator.shown, simulator.refusals.length], [[], 1])
    })
  }

  it('parameters that are malformed', async t => {
    const { call, form } = await startRig(t)
    for (const body of ['{', '[]', '1', '"a"', 'null']) {
      assert.equal(
        (await call('POST', '/notify', { headers: { ...JSON_TYPE, ...HEADER }, body })).status,
        400,
        body,
      )
    }
    for (const body of [
      'a[=1',
      'a]=1',
      '[a]=1',
      '%=1',
      'a=%FF',
      'a=1&a[b]=2',
      'a[]=1&a[b]=2',
      'a[b]=1&a[]=2',
      '=1',
    ]) {
      assert.equal((await form('/notify', `device_tokens[]=${TOKEN}&alert=a&${body}`)).status, 400, body)
    }
  })

  it('addresses that are not of the API', async t => {
    const { call } = await startRig(t)
    for (const [method, path] of [
      ['POST', '/notfy'],
      ['GET', '/notify'],
      ['POST', '/'],
      ['POST', '/notify/a/b'],
      ['POST', '/v1/notify'],
      ['POST', '/%FF'],
      ['POST', '/constructor'],
    ] as const) {
      const { status, said, headers } = await call(method, path, { headers: HEADER })
      assert.deepEqual([status, said, headers['content-type']], [404, undefined, 'text/html'], path)
    }
  })
})

describe('devices of the simulator of ZeroPush', () => {
  it('get nothing before they are registered, and nothing once they are marked inactive', async t => {
    const { simulator, json, call } = await startRig(t)
    const push = async () => (await json('/notify', { device_tokens: [TOKEN, OTHER], alert: 'a' })).said
    assert.deepEqual(await push(), { sent_count: 1, inactive_tokens: [], unregistered_tokens: [OTHER] })
    assert.deepEqual((await json('/register', { device_token: OTHER.toUpperCase() })).said, { message: 'ok' })
    assert.deepEqual(await push(), { sent_count: 2, inactive_tokens: [], unregistered_tokens: [] })
    simulator.devices.markInactive(TOKEN, Date.UTC(2013, 6, 17, 5, 27, 53))
    assert.deepEqual(await push(), { sent_count: 1, inactive_tokens: [TOKEN], unregistered_tokens: [] })
    const inactive = await call('GET', '/inactive_tokens', { headers: HEADER })
    assert.deepEqual(inactive.said, [
      { device_token: TOKEN, marked_inactive_at: '2013-07-17T05:27:53+00:00' },
    ])
    await json('/register', { device_token: TOKEN })
    assert.equal((await push()).sent_count, 2)
    assert.deepEqual(
      simulator.shown.map(({ token }) => token),
      [TOKEN, TOKEN, OTHER, OTHER, TOKEN, OTHER],
    )
  })

  it('are unregistered by either address, the token in the query or the body, and then unknown', async t => {
    const { call, json } = await startRig(t)
    assert.equal((await call('DELETE', `/unregister?device_token=${TOKEN}`, { headers: HEADER })).status, 200)
    const gone = await call('GET', `/devices/${TOKEN}`, { headers: HEADER })
    assert.deepEqual([gone.status, gone.said.error], [404, 'record not found'])
    assert.equal((await json('/set_badge', { device_token: TOKEN, badge: 1 })).status, 404)
    await json('/register', { device_token: TOKEN })
    const body = JSON.stringify({ device_token: TOKEN })
    assert.equal(
      (await call('DELETE', '/register', { headers: { ...HEADER, ...JSON_TYPE }, body })).status,
      200,
    )
    assert.equal((await call('DELETE', `/register?device_token=${TOKEN}`, { headers: HEADER })).status, 404)
  })

  it('are registered by tokens of phones only', async t => {
    const { json } = await startRig(t)
    for (const token of ['', 'x', TOKEN.slice(2), `${TOKEN}00`, 1, undefined]) {
      assert.equal((await json('/register', { device_token: token })).status, 400, String(token))
    }
  })

  it('listen to channels of any name', async t => {
    const { call, json, simulator } = await startRig(t)
    const added = await json('/subscribe/user%40example.com', { device_token: TOKEN })
    assert.deepEqual(added.said, { device_token: TOKEN, channels: ['user@example.com'] })
    await json('/subscribe', { device_token: TOKEN, channel: 'a/b.json' })
    await json('/register', { device_token: OTHER, channel: 'a/b.json' })
    assert.deepEqual((await json('/broadcast/user@example.com', { alert: 'a' })).said, { sent_count: 1 })
    assert.deepEqual((await json('/broadcast/a%2Fb.json', { alert: 'b' })).said, { sent_count: 2 })
    assert.deepEqual((await json('/broadcast', { alert: 'c' })).said, { sent_count: 2 })
    assert.deepEqual((await json('/broadcast', { alert: 'd', channel: 'nobody' })).said, { sent_count: 0 })
    const left = await call('DELETE', `/subscribe/user@example.com?device_token=${TOKEN}`, {
      headers: HEADER,
    })
    assert.deepEqual(left.said, { device_token: TOKEN, channels: ['a/b.json'] })
    assert.equal((await json('/subscribe/x', { device_token: 'ef'.repeat(32) })).status, 404)
    assert.equal(simulator.shown.length, 5)
  })

  it('get nothing of a call that a fault struck, unless it is shown', async t => {
    const { simulator, json } = await startRig(t)
    simulator.faults.add({ action: 'answer', status: 500, times: 1 })
    simulator.faults.add({ action: 'answer', status: 500, shown: true, times: 1 })
    const push = async (alert: unknown) =>
      (await json('/notify', { device_tokens: [TOKEN], alert, badge: '+1' })).status
    // What is wrong is refused whatever faults there are.
    assert.deepEqual([await push(1), await push('lost'), await push('shown')], [400, 500, 500])
    assert.deepEqual(
      simulator.shown.map(({ alert, badge }) => [alert, badge]),
      [['shown', 1]],
    )
  })

  it('tell who asks which token it is', async t => {
    const { call } = await startRig(t)
    const kind = async (token: string) => (await call('GET', `/verify_credentials?auth_token=${token}`)).said
    assert.deepEqual(await kind(SERVER), { message: 'authenticated', auth_token_type: 'server_token' })
    assert.deepEqual(await kind(APP), { message: 'authenticated', auth_token_type: 'app_token' })
  })
})
