import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { Ejabberd } from './support/ejabberd.ts'
import { type Answer, accept, messagesOf, type Recorded, RecordingRelay } from './support/recording-relay.ts'
import { skip } from './support/requirements.ts'
import type { XmppClient } from './support/xmpp-client.ts'

const TOKEN = 'hook-token-0123456789'
const TIMEOUT_MS = 180_000

describe('mod_push_relay: a relay that does not take messages', { skip, timeout: TIMEOUT_MS }, () => {
  const relay = new RecordingRelay()
  let ejabberd: Ejabberd
  let alice: XmppClient
  const options = () => ({ url: `${relay.url}/`, token: TOKEN, timeout: '2 seconds', max_queue: 50 })

  before(async () => {
    await relay.start()
    ejabberd = await Ejabberd.start({ module: options() })
    await ejabberd.register('alice', 'bob', 'carol')
    alice = await ejabberd.connect('alice')
  })

  afterEach(() => {
    relay.answering = accept
  })

  after(async () => {
    await ejabberd?.stop()
    await relay.stop()
  })

  const toBob = (id: string) =>
    `<message to="bob@localhost" id="${id}" type="chat"><body>${id}</body></message>`
  const ids = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name}-${index}`)
  const acceptedIds = (name: string) =>
    relay.accepted.map(({ id }) => id).filter(id => id.startsWith(`${name}-`))

  async function arriveInOrder(name: string, count: number): Promise<void> {
    await relay.push(`${name}-${count - 1}`)
    assert.deepEqual(acceptedIds(name), ids(name, count))
  }

  /** Answers the first posts with one thing and accepts the later ones. */
  function firstly(answers: Answer[]): (request: Recorded) => Answer {
    const left = [...answers]
    return request => (messagesOf(request).length === 0 ? undefined : left.shift()) ?? accept(request)
  }

  test('it is down: the messages wait and arrive in order', async () => {
    await relay.stop()
    const from = ejabberd.log.all.length
    for (const id of ids('down', 20)) await alice.send(toBob(id))
    const line = await ejabberd.log.waitFor('no answer', from)
    assert.match(line, /Push relay of localhost: no answer \(econnrefused\)/)
    await relay.start()
    await arriveInOrder('down', 20)
    await ejabberd.log.waitFor('Push relay of localhost answers again', from)
  })

  for (const status of [429, 500, 503]) {
    test(`${status}: tried again, in order, logged once`, async () => {
      // With a 503 httpc repeats the request itself for anything under 100 s, and nothing would be logged. The relay
      // asks for 120 s therefore; the module, which knows that, keeps to its own delay.
      const headers = { 'retry-after': status === 503 ? '120' : '1' }
      relay.answering = firstly([
        { status, headers },
        { status, headers },
      ])
      const from = ejabberd.log.all.length
      await alice.send(...ids(`busy${status}`, 5).map(toBob))
      await arriveInOrder(`busy${status}`, 5)
      await ejabberd.log.waitFor('answers again', from)
      const lines = ejabberd.log.all.slice(from).filter(line => line.includes(`HTTP ${status}`))
      assert.equal(lines.length, 1, lines.join('\n'))
    })
  }

  test('it hangs: nobody waits for it, and after the timeout the same batch goes again', async () => {
    const carol = await ejabberd.connect('carol')
    relay.answering = () => 'hang'
    await alice.send(toBob('hang-0'))
    await relay.request(({ body }) => body.includes('hang-0'))
    assert.equal(relay.hanging, 1)
    // The sender's own session goes on: it can write to others and is answered.
    await alice.send(`<message to="carol@localhost" id="live-1" type="chat"><body>live</body></message>`)
    assert.equal((await carol.received('live-1')).body, 'live')
    assert.deepEqual(acceptedIds('hang'), [])
    relay.answering = accept
    await arriveInOrder('hang', 1)
    await carol.close()
  })

  test('401: the messages wait; with the right token after a reload they arrive', async () => {
    relay.answering = request =>
      request.authorization === 'Bearer right-token-0123456789' ? accept(request) : { status: 401 }
    const from = ejabberd.log.all.length
    for (const id of ids('token', 3)) await alice.send(toBob(id))
    const line = await ejabberd.log.waitFor('HTTP 401', from)
    assert.match(line, /token is not one of the relay's RELAY_HOOK_TOKENS/)
    await ejabberd.reload({ module: { ...options(), token: 'right-token-0123456789' } })
    await arriveInOrder('token', 3)
  })

  // Without the reload being remembered the next attempt is 30 s away.
  test('a reload while a request is under way: the next one follows at once', {
    timeout: 25_000,
  }, async () => {
    await ejabberd.reload({ module: { ...options(), timeout: '40 seconds' } })
    relay.answering = () => 'hang'
    await alice.send(toBob('reload-0'))
    await relay.request(({ body }) => body.includes('reload-0'))
    await ejabberd.reload({ module: options() })
    relay.answering = accept
    relay.answerHanging({ status: 401 })
    await arriveInOrder('reload', 1)
  })

  const misconfigured: Record<string, Answer> = {
    'a redirect': { status: 302, headers: { location: '/elsewhere' } },
    '404': { status: 404 },
    'the page of another web server': { status: 200, body: 'welcome' },
  }
  for (const [name, answer] of Object.entries(misconfigured)) {
    test(`${name} is configuration: nothing is lost`, async () => {
      const label = `conf${answer.status}`
      relay.answering = () => answer
      const from = ejabberd.log.all.length
      await alice.send(toBob(`${label}-0`))
      await ejabberd.log.waitFor(`HTTP ${answer.status}`, from)
      relay.answering = accept
      await ejabberd.reload({ module: { ...options(), timeout: `${answer.status} seconds` } })
      await arriveInOrder(label, 1)
      assert.ok(!relay.requests.some(({ path }) => path === '/elsewhere'))
    })
  }

  for (const status of [400, 413]) {
    test(`${status}: only the message that is to blame is dropped, with a line in the log`, async () => {
      const bad = `split${status}-7`
      relay.answering = request => (request.body.includes(`"${bad}"`) ? { status } : accept(request))
      const from = ejabberd.log.all.length
      await alice.send(...ids(`split${status}`, 20).map(toBob))
      await relay.push(`split${status}-19`)
      assert.deepEqual(
        acceptedIds(`split${status}`),
        ids(`split${status}`, 20).filter(id => id !== bad),
      )
      const line = await ejabberd.log.waitFor(`No push for message ${bad} to bob@localhost`, from)
      assert.match(line, new RegExp(`the relay refuses it \\(HTTP ${status}\\)`))
    })
  }

  test('a bad entry of an accepted batch is logged as dropped', async () => {
    relay.answering = request => ({
      status: 202,
      body: {
        results: messagesOf(request).map(({ id }) =>
          id === 'entry-1'
            ? { status: 'invalid', code: 'RELAY_INVALID_JID', message: 'x' }
            : { id, status: 'queued' },
        ),
      },
    })
    const from = ejabberd.log.all.length
    await alice.send(...ids('entry', 3).map(toBob))
    const line = await ejabberd.log.waitFor('No push for message entry-1', from)
    assert.match(line, /RELAY_INVALID_JID/)
  })

  test('a token of other domains: the messages wait, with one line; after a reload they arrive', async () => {
    const wrong = { status: 'invalid', code: 'RELAY_WRONG_DOMAIN', message: 'x' }
    relay.answering = request => ({
      status: 202,
      body: {
        results: messagesOf(request).map(({ id }) => (id === 'bound-0' ? { id, status: 'queued' } : wrong)),
      },
    })
    const from = ejabberd.log.all.length
    await alice.send(...ids('bound', 3).map(toBob))
    // Not any line: one about the test before may come late.
    const line = await ejabberd.log.waitFor('the option token is bound to other domains', from)
    assert.match(line, /Push relay of localhost: /)
    const refused = relay.requests.length
    relay.answering = accept
    await ejabberd.reload({ module: { ...options(), timeout: '3 seconds' } })
    await relay.push('bound-2')
    await ejabberd.log.waitFor('answers again', from)
    const later = relay.requests.slice(refused).flatMap(messagesOf)
    // One of the test before may come again, too.
    assert.deepEqual(
      later.map(({ id }) => id).filter(id => id?.startsWith('bound')),
      ['bound-1', 'bound-2'],
    )
    const lines = ejabberd.log.all.slice(from).filter(text => /other domains|No push/.test(text))
    assert.equal(lines.length, 1, lines.join('\n'))
  })

  test('a full queue drops the oldest, with a line for each', async () => {
    await relay.stop()
    const from = ejabberd.log.all.length
    await alice.send(toBob('first-0'))
    await ejabberd.log.waitFor('no answer', from)
    // One request waits to be repeated, the queue holds 50.
    await alice.send(...ids('full', 60).map(toBob))
    for (const id of ids('full', 10)) await ejabberd.log.waitFor(`No push for message ${id} to`, from)
    await relay.start()
    await relay.push('full-59')
    assert.deepEqual(acceptedIds('full'), ids('full', 60).slice(10))
    // What was dropped does not count as pushed.
    await alice.send(toBob('full-0'))
    await relay.push('full-0')
  })

  test('a removed account is forgotten by the relay, after the messages before it', async () => {
    await ejabberd.register('d/el%te'.replaceAll('/', '.'))
    const removed = 'd.el%te'
    await relay.stop()
    await alice.send(`<message to="${removed}@localhost" id="last-0" type="chat"><body>x</body></message>`)
    await ejabberd.api('unregister', { user: removed, host: 'localhost' })
    await relay.start()
    const request = await relay.request(({ method }) => method === 'DELETE')
    assert.equal(request.path, '/v1/recipients/d.el%25te%40localhost')
    assert.match(request.authorization ?? '', /^Bearer /)
    assert.deepEqual(acceptedIds('last'), ['last-0'])
  })

  test('a token that may not delete keeps no message waiting', async () => {
    relay.answering = request => (request.method === 'DELETE' ? { status: 403 } : accept(request))
    await ejabberd.register('dave')
    const from = ejabberd.log.all.length
    await ejabberd.api('unregister', { user: 'dave', host: 'localhost' })
    await ejabberd.log.waitFor('phones of the removed account dave@localhost stay registered', from)
    await alice.send(toBob('behind-0'))
    await arriveInOrder('behind', 1)
  })

  test('what waits when ejabberd stops is logged, and goes out if the relay answers', async () => {
    await alice.send(toBob('stop-0'))
    await ejabberd.restart()
    assert.deepEqual(acceptedIds('stop'), ['stop-0'])
  })

  test('a stop while a failed attempt waits for its turn: it is tried once more', async () => {
    relay.answering = () => ({ status: 401 })
    alice = await ejabberd.connect('alice')
    const from = ejabberd.log.all.length
    await alice.send(toBob('backoff-0'))
    await ejabberd.log.waitFor('HTTP 401', from)
    relay.answering = accept
    await ejabberd.restart()
    assert.deepEqual(acceptedIds('backoff'), ['backoff-0'])
  })

  test('httpc is stopped by somebody: it is started again, and nothing is lost', async () => {
    alice = await ejabberd.connect('alice')
    ejabberd.evaluate('application:stop(inets)')
    const from = ejabberd.log.all.length
    await alice.send(...ids('inets', 3).map(toBob))
    await arriveInOrder('inets', 3)
    assert.ok(!ejabberd.log.all.slice(from).some(line => line.includes('No push')))
  })

  test('no token in the log', () => {
    assert.ok(!ejabberd.log.all.some(line => line.includes(TOKEN)))
  })
})
