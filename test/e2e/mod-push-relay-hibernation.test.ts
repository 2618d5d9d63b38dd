import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { Ejabberd, type EjabberdOptions } from './support/ejabberd.ts'
import { RecordingRelay } from './support/recording-relay.ts'
import { skip } from './support/requirements.ts'

const TOKEN = 'hook-token-0123456789'

async function start(t: TestContext, options: Omit<EjabberdOptions, 'module'>) {
  const relay = new RecordingRelay()
  await relay.start()
  t.after(() => relay.stop())
  const module = { url: relay.url, token: TOKEN }
  const ejabberd = await Ejabberd.start({ ...options, module, loglevel: 'debug' })
  t.after(() => ejabberd.stop())
  await ejabberd.register('alice', 'bob')
  return { relay, ejabberd, alice: await ejabberd.connect('alice') }
}

const toBob = (id: string, body = id) =>
  `<message to="bob@localhost" id="${id}" type="chat"><body>${body}</body></message>`

describe('mod_push_relay: a phone whose connection dies', { skip, timeout: 180_000 }, () => {
  for (const withoutArchive of [true, false]) {
    const archive = withoutArchive ? 'without' : 'with'
    test(`is woken at once, and not again when its session ends (${archive} an archive)`, async t => {
      const { relay, ejabberd, alice } = await start(t, { resumeTimeout: 300, withoutArchive })
      const bob = await ejabberd.connect('bob', true)
      await alice.send(toBob('seen'))
      await bob.received('seen')
      await bob.roundtrip()
      bob.freeze()
      await alice.send(
        toBob('unacknowledged'),
        `<message to="bob@localhost" type="chat"><body>no id</body></message>`,
      )
      assert.deepEqual(relay.requests, [])
      await bob.kill()
      await relay.push('unacknowledged')
      // Addressed as people write names; the session knows the account as bob.
      await alice.send(toBob('while-away').replace('bob@', 'Bob@'))
      await relay.push('while-away')
      // The session ends, here by an operator's word: ejabberd routes all three once more, now to nobody.
      await ejabberd.api('kick_user', { user: 'bob', host: 'localhost' })
      for (const id of ['unacknowledged', 'while-away']) {
        await ejabberd.log.waitFor(`Message ${id} to bob@localhost was pushed before`)
      }
      await alice.send(toBob('fence'))
      await relay.push('fence')
      assert.deepEqual(
        relay.accepted.map(({ body }) => body),
        ['unacknowledged', 'no id', 'while-away', 'fence'],
      )
    })
  }

  test('is not woken by its own words in a room, nor by what is not new', async t => {
    const { relay, ejabberd, alice } = await start(t, { resumeTimeout: 300 })
    await alice.send(toBob('stored'))
    await relay.push('stored')
    await ejabberd.api('create_room', { name: 'lobby', service: 'conference.localhost', host: 'localhost' })
    const bob = await ejabberd.connect('bob', 'silent')
    await bob.received('stored')
    const join = (nick: string) =>
      `<presence to="lobby@conference.localhost/${nick}"><x xmlns="http://jabber.org/protocol/muc"/></presence>`
    const say = (id: string) =>
      `<message to="lobby@conference.localhost" type="groupchat" id="${id}"><body>${id}</body></message>`
    await alice.send(join('alice'), say('history'))
    await alice.received('history')
    await bob.send(join('bob'))
    await bob.received('history')
    // A second device of the same account under the same nick, as phones and desktops do.
    const desktop = await ejabberd.connect('bob')
    await desktop.send(join('bob'))
    await bob.kill()
    await ejabberd.log.waitFor('for stream resumption')
    await desktop.send(say('own'))
    await alice.send(
      '<message to="bob@localhost" id="hint" type="chat"><body>x</body><no-store xmlns="urn:xmpp:hints"/></message>',
      say('news'),
    )
    const { type, room, nick, from } = await relay.push('news')
    assert.deepEqual(
      { type, room, nick, from },
      {
        type: 'groupchat',
        room: 'lobby@conference.localhost',
        nick: 'alice',
        from: 'lobby@conference.localhost',
      },
    )
    assert.deepEqual(
      relay.accepted.map(({ id }) => id),
      ['stored', 'news'],
    )
  })
})
