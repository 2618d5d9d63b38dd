import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/domain/clock.ts'
import { asToken, createZeropushApp, errorOf, markDead, SERVER, tokenOf } from './support.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

test('devices: page by page, with links to the next and the last one, which hold no credential', async t => {
  const app = await createZeropushApp(t)
  await app.register(numbers(27))
  const tokensOf = (body: unknown) => (body as { token: string }[]).map(({ token }) => token)
  const first = await app.raw({ url: `/devices?auth_token=${SERVER}` })
  assert.deepEqual(tokensOf(first.body), numbers(25).map(tokenOf))
  const url = 'http://localhost:80/zeropush/devices'
  assert.equal(
    first.headers.link,
    `<${url}?page=2&per_page=25>; rel="last",<${url}?page=2&per_page=25>; rel="next"`,
  )
  assert.deepEqual((first.body as object[])[0], {
    token: tokenOf(1),
    active: true,
    marked_inactive_at: null,
    badge: 0,
  })
  const second = await app.call('GET', '/devices', { page: 2 })
  assert.deepEqual(tokensOf(second.body), [tokenOf(26), tokenOf(27)])
  assert.equal(second.headers.link, undefined)
  const small = await app.call('GET', '/devices', { page: 3, per_page: 2 })
  assert.deepEqual(tokensOf(small.body), [tokenOf(5), tokenOf(6)])
  assert.match(
    String(small.headers.link),
    /page=14&per_page=2>; rel="last",.*page=4&per_page=2>; rel="next"$/,
  )
  assert.equal(tokensOf((await app.call('GET', '/devices', { per_page: 1000 })).body).length, 27)
  assert.deepEqual((await app.call('GET', '/devices', { page: 99 })).body, [])
  for (const said of [
    { page: 0 },
    { page: 'x' },
    { page: -1 },
    { per_page: 0 },
    { page: '1.5' },
    { page: 1e12 },
  ]) {
    assert.deepEqual(
      errorOf(await app.call('GET', '/devices', said)),
      [400, 'parameter error'],
      JSON.stringify(said),
    )
  }
})

test('channels: their names page by page, the devices of one, and the end of one', async t => {
  const app = await createZeropushApp(t)
  await app.register([1, 2], 'player-1')
  await app.register([1], 'game-256', 'user@example.com')
  assert.deepEqual((await app.call('GET', '/channels')).body, ['game-256', 'player-1', 'user@example.com'])
  const page = await app.call('GET', '/channels', { page: 2, per_page: 1 })
  assert.deepEqual(page.body, ['player-1'])
  assert.match(String(page.headers.link), /channels\?page=3&per_page=1>; rel="last",/)
  const channel = { channel: 'player-1', device_tokens: [tokenOf(1), tokenOf(2)] }
  assert.deepEqual((await app.call('GET', '/channels/player-1')).body, channel)
  assert.deepEqual((await app.call('DELETE', '/channels/player-1')).body, channel)
  for (const method of ['GET', 'DELETE'] as const) {
    assert.deepEqual(errorOf(await app.call(method, '/channels/player-1')), [404, 'record not found'])
  }
  assert.deepEqual((await app.call('GET', '/channels')).body, ['game-256', 'user@example.com'])
  const { body } = await app.call('GET', `/devices/${tokenOf(1)}`)
  assert.deepEqual((body as { channels: string[] }).channels, ['game-256', 'user@example.com'])
})

test('inactive tokens: none at first; since when, the last one first', async t => {
  const clock = { ...systemClock, now: () => Date.UTC(2026, 0, 15, 12) }
  const app = await createZeropushApp(t, { clock })
  await app.register(numbers(3))
  assert.deepEqual((await app.call('GET', '/inactive_tokens')).body, [])
  const at = [Date.UTC(2026, 0, 20, 8, 30, 5, 250), Date.UTC(2026, 0, 21)]
  for (const [index, instant] of at.entries()) await markDead(app, tokenOf(index + 1), instant)
  const one = { device_token: tokenOf(1), marked_inactive_at: '2026-01-20T08:30:05Z' }
  const two = { device_token: tokenOf(2), marked_inactive_at: '2026-01-21T00:00:00Z' }
  assert.deepEqual((await app.call('GET', '/inactive_tokens', { page: 1 })).body, [two, one])
  const since = (instant = 0) =>
    app.call('GET', '/inactive_tokens', { since: Math.floor(instant / 1000), per_page: 1 })
  assert.deepEqual((await since(at[1])).body, [two])
  assert.deepEqual((await since((at[1] ?? 0) + 1000)).body, [])
  const page = await since(at[0])
  assert.deepEqual(page.body, [two])
  assert.match(String(page.headers.link), /inactive_tokens\?since=1768897805&page=2&per_page=1>; rel="next"$/)
  const bad = await app.call('GET', '/inactive_tokens', { since: 'yesterday' })
  assert.deepEqual(errorOf(bad), [400, 'parameter error'])
  const device = await app.call('GET', `/devices/${tokenOf(1)}`)
  assert.deepEqual(device.body, {
    token: tokenOf(1),
    active: false,
    marked_inactive_at: one.marked_inactive_at,
    badge: 0,
    channels: [],
  })
  const head = await app.raw({ method: 'HEAD', url: '/devices', headers: asToken(SERVER) })
  assert.equal(head.status, 200)
})
