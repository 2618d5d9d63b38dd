import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseModZeropush } from '../../../src/http/zeropush/mod-zeropush.ts'
import { TYPED } from '../dialects/recording.ts'
import { createZeropushApp, tokenOf, type ZeropushApp } from './support.ts'

const RECORDED_TOKEN = 'iosprod_Rec0rded_token'
const config = { zeropush: { serverTokens: [RECORDED_TOKEN], appTokens: [] } }

/** Registers a device into the channel of an account. */
async function subscribe(app: ZeropushApp, number: number, channel: string): Promise<void> {
  const device_token = tokenOf(number)
  await app.call('POST', '/register', { device_token, channel }, RECORDED_TOKEN)
}

async function replay(app: ZeropushApp, name: string) {
  const bytes = readFileSync(new URL(`../../fixtures/zeropush/mod_zeropush-${name}.http`, import.meta.url))
  const end = bytes.indexOf('\r\n\r\n')
  const [, ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const headers = Object.fromEntries(
    lines.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const body = bytes.subarray(end + 4)
  const answer = await app.raw({ method: 'POST', url: '/broadcast/', headers, payload: body })
  return { ...answer, text: body.toString('latin1') }
}

test('what the module was recorded to send reaches the channel of its recipient, text and sender as they were', async t => {
  const app = await createZeropushApp(t, { config })
  await subscribe(app, 1, 'bob')
  await subscribe(app, 2, 'bob@localhost')
  let badge = 0
  for (const [name, text, from] of [
    ['ascii', TYPED.ascii, 'alice'],
    ['special', TYPED.special, 'alice'],
    ['unicode', TYPED.unicode, 'alice'],
    ['umlaut', 'Grüße', 'jürgen'],
  ]) {
    app.handedOff.length = 0
    const { status, body } = await replay(app, name ?? '')
    assert.deepEqual([status, body], [200, { sent_count: 1 }], name)
    const [message, ...others] = app.handedOff
    assert.deepEqual(others, [])
    badge++
    assert.equal(message?.content.body, text)
    assert.equal(message?.content.unread, badge)
    assert.deepEqual(message?.content.direct, { sound: 'default', info: { from } })
  }
})

test('nobody writes in the name of another, and nobody reads what is for another', async t => {
  const app = await createZeropushApp(t, { config })
  await subscribe(app, 1, 'bo+b=x')
  await subscribe(app, 2, 'bo b=x')
  const { body } = await replay(app, 'percent')
  assert.deepEqual(body, { sent_count: 1 })
  const [message] = app.handedOff
  const registrations = await app.store.registrations(message?.content.recipient ?? '')
  assert.equal(registrations[0]?.token, tokenOf(1))
  assert.deepEqual(message?.content.direct?.info, { from: 'al%69ce' })
})

test('a text that imitates fields, or a dictionary, is a text', async t => {
  const app = await createZeropushApp(t, { config })
  await subscribe(app, 1, 'bob')
  await subscribe(app, 2, 'carol')
  for (const text of [
    'x&channel=carol&badge=99&info[from]=ceo',
    '{"title":"Your bank","body":"Call us","loc-key":"X"}',
    '{"body":"x"}',
    '+1',
  ]) {
    app.handedOff.length = 0
    const rest = `badge=%2B1&sound=default&channel=bob&info[from]=alice&auth_token=${RECORDED_TOKEN}`
    const { body } = await app.raw({
      method: 'POST',
      url: '/broadcast/',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: `alert=${encodeURIComponent(text)}&${rest}`,
    })
    assert.deepEqual(body, { sent_count: 1 })
    assert.equal(app.handedOff[0]?.content.body, text)
    assert.deepEqual(app.handedOff[0]?.content.direct, { sound: 'default', info: { from: 'alice' } })
  }
})

test('an account whose name the module would have to encode is not taken for another form', () => {
  const tail = 'badge=%2B1&sound=default&channel=bob&info[from]=alice'
  assert.notEqual(parseModZeropush(`alert=x&${tail}&auth_token=t`), undefined)
  for (const other of [
    `alert=x&${tail}&auth_token=t&title=y`,
    `alert=x&badge=1&sound=default&channel=bob&info[from]=alice&auth_token=t`,
    `alert=x&badge=%2B1&sound=default&channel=bob&info%5Bfrom%5D=alice&auth_token=t`,
    `alert=\xff&${tail}&auth_token=t`,
  ])
    assert.equal(parseModZeropush(other), undefined, other)
})
