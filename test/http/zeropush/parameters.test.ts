import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MessageContent } from '../../../src/domain/offline-message.ts'
import { asToken, createZeropushApp, errorOf, SERVER, tokenOf, type ZeropushApp } from './support.ts'

const FORM = 'application/x-www-form-urlencoded'
const JSON_TYPE = 'application/json'
const [A, B] = [tokenOf(1), tokenOf(2)]

type Said = Pick<Parameters<ZeropushApp['raw']>[0], 'payload'> & { url?: string; type?: string }

async function notify(app: ZeropushApp, { url = '/notify', payload, type }: Said) {
  const headers = { ...asToken(SERVER), ...(type === undefined ? {} : { 'content-type': type }) }
  app.handedOff.length = 0
  return app.raw({ method: 'POST', url, headers, ...(payload === undefined ? {} : { payload }) })
}

type Shown = Partial<MessageContent['direct'] & { body: string; unread: number }>

/** What was handed on for one device. */
function shownOf({ handedOff }: ZeropushApp): Shown | undefined {
  const content = handedOff[0]?.content
  if (content === undefined) return undefined
  const { direct, body, unread } = content
  return { ...direct, ...(body === undefined ? {} : { body }), ...(unread === undefined ? {} : { unread }) }
}

const q = (text: string) => encodeURIComponent(text)

test('the devices of a call, in every encoding that a client has used', async t => {
  const app = await createZeropushApp(t)
  await app.register([1, 2])
  const all: Said[] = [
    { type: FORM, payload: `device_tokens[]=${A}&device_tokens[]=${B}&alert=x` },
    { type: FORM, payload: `device_tokens%5B%5D=${A}&device_tokens%5B%5D=${B}&alert=x` },
    { type: FORM, payload: `device_tokens[0]=${A}&device_tokens[1]=${B}&alert=x` },
    { type: FORM, payload: `device_tokens=${A}&device_tokens=${B}&alert=x` },
    { type: FORM, payload: `device_tokens=${A},%20${B}&alert=x` },
    { type: FORM, payload: `device_tokens=${q(JSON.stringify([A, B]))}&alert=x` },
    { type: `${FORM}; charset=utf-8`, payload: `device_tokens[]=${A}&device_tokens[]=${B}&alert=x` },
    { payload: Buffer.from(`device_tokens[]=${A}&device_tokens[]=${B}&alert=x`) },
    { type: JSON_TYPE, payload: { device_tokens: [A, B], alert: 'x' } },
    { type: JSON_TYPE, payload: { 'device_tokens[]': [A, B], alert: 'x' } },
    { type: JSON_TYPE, payload: { device_tokens: `${A},${B}`, alert: 'x' } },
    {
      type: 'application/vnd.api+json; charset=utf-8',
      payload: JSON.stringify({ device_tokens: [A, B], alert: 'x' }),
    },
    { url: `/notify?device_tokens[]=${A}&device_tokens[]=${B}&alert=x` },
    { url: `/notify?device_tokens%5B%5D=${A}&device_tokens%5B%5D=${B}&alert=x` },
    { url: `/notify?device_tokens[]=${A}&device_tokens[]=${B}`, type: FORM, payload: 'alert=x' },
    { url: '/notify?alert=x', type: JSON_TYPE, payload: { device_tokens: [A, B] } },
    {
      type: FORM,
      payload: `device_tokens[]=${A.toUpperCase()}&device_tokens[]=${q(`<${B.match(/.{8}/g)?.join(' ')}>`)}&alert=x`,
    },
    { type: FORM, payload: `device_tokens[]=${A}&device_tokens[]=${A}&device_tokens[]=${B}&alert=x` },
    {
      type: FORM,
      payload: `device_tokens[]=${A}&device_tokens[]=${B}&alert=x&&&unknown[a][b]=1&utf8=%E2%9C%93`,
    },
  ]
  for (const said of all) {
    const { status, body } = await notify(app, said)
    const nothing = { inactive_tokens: [], unregistered_tokens: [] }
    assert.deepEqual([status, body], [200, { sent_count: 2, ...nothing }], JSON.stringify(said))
    assert.equal(shownOf(app)?.body, 'x')
  }
})

test('a query and a body are one; where both name something, the body counts, and above both the path', async t => {
  const app = await createZeropushApp(t)
  await app.register([1], 'bob')
  await app.register([2], 'carol')
  const said = await notify(app, {
    url: '/broadcast?alert=query&sound=query',
    type: FORM,
    payload: 'alert=body&channel=bob',
  })
  assert.deepEqual(said.body, { sent_count: 1 })
  assert.deepEqual(shownOf(app), { body: 'body', sound: 'query' })
  await notify(app, { url: '/broadcast/carol?channel=bob', type: FORM, payload: 'alert=x&channel=bob' })
  assert.equal(app.handedOff.length, 1)
  const { tokens } = await nextTargets(app)
  assert.equal(tokens, B)
})

async function nextTargets(app: ZeropushApp): Promise<{ tokens: string | undefined }> {
  const recipient = app.handedOff[0]?.content.recipient ?? ''
  return { tokens: (await app.store.registrations(recipient))[0]?.token }
}

const FIELDS: [fields: string | object, shown: Shown][] = [
  ['alert=Hello%20World', { body: 'Hello World' }],
  ['alert=Hello+World', { body: 'Hello World' }],
  ['alert=%E2%82%AC%20%F0%9F%91%8B', { body: '€ 👋' }],
  [{ alert: 'Hello' }, { body: 'Hello' }],
  [{ alert: 5 }, { body: '5' }],
  [
    { alert: { body: 'Hi', 'loc-key': 'K', 'loc-args': ['a', 2], 'launch-image': 'i.png' } },
    { body: 'Hi', alert: { 'launch-image': 'i.png', 'loc-key': 'K', 'loc-args': ['a', '2'] } },
  ],
  [{ alert: { title: 'T', body: 'B', foreign: { x: 1 } } }, { title: 'T', body: 'B' }],
  [{ alert: { 'loc-key': 'K' } }, { alert: { 'loc-key': 'K' } }],
  [`alert=${q('{"body":"Hi","action-loc-key":"A"}')}`, { body: 'Hi', alert: { 'action-loc-key': 'A' } }],
  [
    'alert[body]=Hi&alert[loc-args][]=a&alert[loc-args][]=b',
    { body: 'Hi', alert: { 'loc-args': ['a', 'b'] } },
  ],
  [`alert=${q('{"not": "ours"}')}`, { body: '{"not": "ours"}' }],
  [`alert=${q('{body}')}`, { body: '{body}' }],
  ['title=T&alert=B', { title: 'T', body: 'B' }],
  [
    { title: 'T', body: 'B', url_args: ['x'], label: 'Go' },
    { title: 'T', body: 'B' },
  ],
  ['alert=x&badge=7', { body: 'x', unread: 7 }],
  [
    { alert: 'x', badge: 7 },
    { body: 'x', unread: 7 },
  ],
  [
    { alert: 'x', badge: '7' },
    { body: 'x', unread: 7 },
  ],
  ['alert=x&badge=0', { body: 'x', unread: 0 }],
  ['alert=x&badge=', { body: 'x' }],
  ['alert=x&badge=%2B2', { body: 'x', unread: 2 }],
  ['alert=x&badge=+3', { body: 'x', unread: 5 }],
  ['alert=x&badge=%203', { body: 'x', unread: 8 }],
  [
    { alert: 'x', badge: '+1' },
    { body: 'x', unread: 9 },
  ],
  ['alert=x&badge=-2', { body: 'x', unread: 7 }],
  [
    { alert: 'x', badge: -3 },
    { body: 'x', unread: 4 },
  ],
  ['badge=-99', { unread: 0 }],
  ['sound=default', { sound: 'default' }],
  ['alert=x&sound=+&category=', { body: 'x' }],
  [
    { alert: 'x', sound: 'chime.aiff', category: 'REPLY' },
    { body: 'x', sound: 'chime.aiff', category: 'REPLY' },
  ],
  ['info[from]=alice&info[n]=1', { info: { from: 'alice', n: '1' } }],
  ['info%5Bfrom%5D=alice', { info: { from: 'alice' } }],
  ['info[a][b]=1&info[a][c][]=2&info[a][c][]=3', { info: { a: { b: '1', c: ['2', '3'] } } }],
  [`info=${q('{"from":"alice","n":1}')}`, { info: { from: 'alice', n: 1 } }],
  [{ info: { from: 'alice', deep: [{ x: null }] } }, { info: { from: 'alice', deep: [{ x: null }] } }],
  [{ info: '{"from":"alice"}' }, { info: { from: 'alice' } }],
  [
    'data[alert]=hello&data[title]=Test',
    { title: 'Test', body: 'hello', data: { alert: 'hello', title: 'Test' } },
  ],
  [
    `data=${q('{"message":"hello","user_id":5}')}&collapse_key=friend_request&delay_while_idle=false`,
    { body: 'hello', data: { message: 'hello', user_id: 5 }, collapseKey: 'friend_request' },
  ],
  [{ data: { user_id: 5, aps: { alert: 'forged' } } }, { data: { user_id: 5 } }],
  ['content_available=true', { contentAvailable: true }],
  [
    { content_available: true, alert: 'x' },
    { contentAvailable: true, body: 'x' },
  ],
  [{ content_available: 1, alert: 'x' }, { body: 'x' }],
  ['content_available=1&alert=x', { body: 'x' }],
]

test('what a call says of a notification, in every encoding', async t => {
  const app = await createZeropushApp(t)
  await app.register([1])
  for (const [fields, shown] of FIELDS) {
    const said: Said =
      typeof fields === 'string'
        ? { type: FORM, payload: `device_tokens[]=${A}&${fields}` }
        : { type: JSON_TYPE, payload: { device_tokens: [A], ...fields } }
    const answer = await notify(app, said)
    assert.equal(answer.status, 200, `${JSON.stringify(fields)}: ${JSON.stringify(answer.body)}`)
    assert.deepEqual(shownOf(app), shown, JSON.stringify(fields))
  }
})

const deep = (depth: number): object => (depth === 0 ? {} : { a: deep(depth - 1) })

const BAD: [fields: string | object, named: RegExp][] = [
  ['', /lacks alert/],
  [{}, /lacks alert/],
  ['alert=&badge=&sound=', /lacks alert/],
  ['alert=x&badge=many', /badge/],
  ['alert=x&badge=1.5', /badge/],
  [{ alert: 'x', badge: 1.5 }, /badge/],
  [{ alert: 'x', badge: 1e21 }, /badge/],
  [{ alert: 'x', badge: [1] }, /badge/],
  ['alert=x&badge=1&badge=2', /badge/],
  ['alert=x&badge=1234567', /badge/],
  [{ alert: ['x'] }, /alert/],
  [{ alert: true }, /alert/],
  ['alert=x&alert=y', /alert/],
  [{ alert: { body: { x: 1 } } }, /alert\.body/],
  [{ alert: { 'loc-key': 'K', 'loc-args': 'a' } }, /alert\.loc-args/],
  [{ alert: 'x', sound: { name: 'x' } }, /sound/],
  ['alert=x&sound=a&sound=b', /sound/],
  [{ alert: 'x', category: 'c'.repeat(300) }, /category/],
  ['alert=x&info=text', /info/],
  ['alert=x&info=[1]', /info/],
  [{ alert: 'x', info: [1] }, /info/],
  [{ alert: 'x', info: { text: 'x'.repeat(4000) } }, /3072/],
  [{ alert: 'x', info: deep(40) }, /info/],
  [{ alert: 'x', data: 'x' }, /data/],
  ['alert=x&expiry=tomorrow', /expiry/],
  ['alert=x&expiry=-5', /expiry/],
  [{ alert: 'x', time_to_live: 1e12 }, /time_to_live/],
]

test('what nobody can read is refused, by its name and never with its value', async t => {
  const app = await createZeropushApp(t)
  await app.register([1])
  for (const [fields, named] of BAD) {
    const said: Said =
      typeof fields === 'string'
        ? { type: FORM, payload: `device_tokens[]=${A}&${fields}` }
        : { type: JSON_TYPE, payload: { device_tokens: [A], ...fields } }
    const answer = await notify(app, said)
    assert.deepEqual(errorOf(answer), [400, 'parameter error'], JSON.stringify(fields))
    assert.match((answer.body as { message: string }).message, named)
    assert.deepEqual(app.handedOff, [])
  }
  const bodies: [Said, status: number][] = [
    [{ type: JSON_TYPE, payload: '{"alert":' }, 400],
    [{ type: JSON_TYPE, payload: '["x"]' }, 400],
    [{ type: JSON_TYPE, payload: Buffer.from([0x7b, 0xff, 0x7d]) }, 400],
    [{ type: FORM, payload: '{"alert":"x"}' }, 400],
    [{ type: FORM, payload: `device_tokens[]=${A}&alert=%FF` }, 400],
    [{ type: FORM, payload: `device_tokens[]=${A}&alert=x&info=1&info[a]=2` }, 400],
    [{ type: FORM, payload: `device_tokens[]=${A}&alert=x&info[a]=2&info=1` }, 400],
    [{ type: FORM, payload: `alert=x&${'a=b&'.repeat(2001)}` }, 400],
    [{ type: FORM, payload: `alert=x&${'[a]'.repeat(9)}&x${'[a]'.repeat(9)}=1` }, 400],
    [{ type: FORM, payload: `alert=x` }, 400],
    [{ type: FORM, payload: `alert=x&device_tokens=` }, 400],
    [{ type: JSON_TYPE, payload: { alert: 'x', device_tokens: [1] } }, 400],
    [{ type: JSON_TYPE, payload: { alert: 'x', device_tokens: Array(1001).fill(A) } }, 400],
    [{ type: 'text/plain', payload: 'alert=x' }, 415],
    [{ type: 'multipart/form-data; boundary=x', payload: '--x--' }, 415],
    [{ type: FORM, payload: `alert=${'x'.repeat(1024 * 1024)}` }, 413],
  ]
  for (const [said, status] of bodies) {
    const answer = await notify(app, said)
    assert.equal(answer.status, status, JSON.stringify(said).slice(0, 120))
    assert.equal(errorOf(answer)[1], 'parameter error')
  }
})
