import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import {
  type ProwlSimulatorOptions,
  startProwlSimulator,
} from '../../../src/simulator/prowl/prowl-simulator.ts'
import { curl } from '../../support/curl.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const KEY = 'ab'.repeat(20)
const OTHER = 'cd'.repeat(20)
const RIGHT = `apikey=${KEY}&application=Chat&event=alice&description=Hi`

async function startRig(t: TestContext, options: ProwlSimulatorOptions = {}) {
  const clock = new FakeClock()
  const simulator = await startProwlSimulator({ clock, ...options })
  t.after(() => simulator.close())
  const add = (body: string | Buffer, changes: Partial<Parameters<typeof curl>[1]> = {}) =>
    curl(`${simulator.url}/publicapi/add`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body,
      ...changes,
    })
  return { clock, simulator, add }
}

describe('the simulator of Prowl', () => {
  it('takes a right call, and answers as Prowl does', async t => {
    const { clock, simulator, add } = await startRig(t)
    const answer = await add(`${RIGHT}&priority=-1&url=xmpp%3Aalice%40localhost`)
    assert.deepEqual([answer.status, answer.headers['content-type']], [200, 'text/xml; charset=utf-8'])
    const resetDate = Math.ceil((clock.now() + 3_600_000) / 1000)
    assert.equal(
      answer.body,
      `<?xml version="1.0" encoding="UTF-8"?>\n<prowl>\n\t<success code="200" remaining="999" resetdate="${resetDate}" />\n</prowl>\n`,
    )
    const shown = { application: 'Chat', event: 'alice', description: 'Hi', priority: -1 }
    assert.deepEqual(simulator.shown, [{ key: KEY, ...shown, url: 'xmpp:alice@localhost' }])
  })

  it('decodes what is encoded, a space as either', async t => {
    const { simulator, add } = await startRig(t)
    await add(`apikey=${KEY}&application=a+b%20c&event=%26%3D%2B%25&description=%F0%9F%A6%8A~*-._`)
    assert.deepEqual(
      simulator.shown.map(({ application, event, description }) => [application, event, description]),
      [['a b c', '&=+%', '🦊~*-._']],
    )
  })

  const wrong: [what: string, body: string | Buffer, part: RegExp][] = [
    ['a raw character', `${RIGHT}&url=xmpp:alice@localhost`, /parameter 5 is not percent-encoded/],
    ['raw UTF-8', `apikey=${KEY}&application=Chat&event=ä`, /parameter 3 is not percent-encoded/],
    ['a raw space', `apikey=${KEY}&application=Chat&event=a b`, /parameter 3/],
    ['a raw &', `apikey=${KEY}&application=Chat&event=a&b`, /parameter 4/],
    ['a raw =', `apikey=${KEY}&application=Chat&event=a=b`, /parameter 3/],
    ['half a byte', `apikey=${KEY}&application=Chat&event=%4`, /parameter 3/],
    ['bytes that are not UTF-8', `apikey=${KEY}&application=Chat&event=%FF`, /parameter 3/],
    ['an injected parameter', `${RIGHT}&priority=2&priority=0`, /parameter 6 is there twice/],
    ['an unknown parameter', `${RIGHT}&x=y`, /not one of add/],
    ['a parameter of every object', `${RIGHT}&constructor=y`, /not one of add/],
    ['no application', `apikey=${KEY}&event=a`, /application is missing/],
    ['a blank application', `apikey=${KEY}&application=%20&event=a`, /application is missing/],
    ['neither event nor description', `apikey=${KEY}&application=Chat&event=+`, /are missing/],
    [
      'too long an application',
      `apikey=${KEY}&event=a&application=${'%C3%A4'.repeat(128)}a`,
      /than 256 bytes/,
    ],
    ['too long an event', `apikey=${KEY}&application=a&event=${'a'.repeat(1025)}`, /than 1024 bytes/],
    ['too long a description', `apikey=${KEY}&application=a&description=${'a'.repeat(10_001)}`, /than 10000/],
    ['too long a URL', `${RIGHT}&url=http%3A${'a'.repeat(508)}`, /than 512 bytes/],
    ['a priority of 3', `${RIGHT}&priority=3`, /priority/],
    ['a priority that is none', `${RIGHT}&priority=`, /priority/],
    ['a URL that is none', `${RIGHT}&url=alice`, /url/],
    ['a provider key that is none', `${RIGHT}&providerkey=1`, /providerkey/],
    ['nothing', '', /parameter 1/],
  ]
  for (const [what, body, part] of wrong) {
    it(`refuses ${what}`, async t => {
      const { simulator, add } = await startRig(t)
      const answer = await add(body)
      assert.equal(answer.status, 400)
      assert.match(answer.body, /<prowl>\s*<error code="400">/)
      assert.match(answer.body, part)
      assert.deepEqual([simulator.shown.length, simulator.refusals.length], [0, 1])
    })
  }

  it('takes what is exactly as long as allowed', async t => {
    const { add } = await startRig(t)
    const body = `apikey=${KEY}&application=${'a'.repeat(256)}&event=${'a'.repeat(1024)}&description=${'%C3%A4'.repeat(5000)}`
    assert.equal((await add(body)).status, 200)
  })

  it('refuses another method, another address, another encoding', async t => {
    const { simulator, add } = await startRig(t)
    assert.equal((await add('', { method: 'GET', body: undefined })).status, 405)
    assert.equal((await add(RIGHT, { headers: { 'content-type': 'application/json' } })).status, 400)
    assert.equal((await add(RIGHT, { headers: {} })).status, 400)
    assert.equal(
      (await curl(`${simulator.url}/publicapi/verify`, { method: 'POST', body: RIGHT })).status,
      404,
    )
  })

  it('knows no revoked key, and of a list fails only when all are', async t => {
    const { simulator, add } = await startRig(t)
    simulator.revoke(KEY.toUpperCase())
    const dead = await add(RIGHT)
    assert.deepEqual([dead.status, /<error code="401">Invalid API key</.test(dead.body)], [401, true])
    assert.equal((await add(RIGHT.replace(KEY, 'nokey'))).status, 401)
    assert.equal((await add(RIGHT.replace(KEY, `${KEY}%2C${OTHER}`))).status, 200)
    assert.deepEqual(
      simulator.shown.map(({ key }) => key),
      [OTHER],
    )
  })

  it('counts the calls of each address, from the first for an hour, right ones and wrong ones', async t => {
    const { clock, simulator, add } = await startRig(t, { callLimit: 3 })
    const resetDate = Math.ceil((clock.now() + 3_600_000) / 1000)
    await add('wrong')
    clock.advance(1_800_000)
    await add(RIGHT)
    const last = await add(RIGHT)
    assert.ok(last.body.includes(`remaining="0" resetdate="${resetDate}"`))
    assert.deepEqual([(await add(RIGHT)).status, (await add(RIGHT)).status], [406, 406])
    // Another address has its own count.
    assert.equal((await add(RIGHT, { localAddress: '127.0.0.2' })).status, 200)
    clock.advance(1_800_000)
    assert.match((await add(RIGHT)).body, /remaining="2"/)
    simulator.calls.leave(0)
    assert.equal((await add(RIGHT)).status, 406)
  })

  it('refuses what is wrong before a fault strikes; what a fault loses can still be shown', async t => {
    const { simulator, add } = await startRig(t)
    simulator.faults.add({ action: 'answer', status: 500, shown: true })
    assert.equal((await add('wrong')).status, 400)
    assert.equal((await add(RIGHT)).status, 500)
    assert.deepEqual([simulator.shown.length, simulator.stats().strikes], [1, 1])
  })
})
