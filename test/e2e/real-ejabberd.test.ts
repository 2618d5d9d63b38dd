import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { chat, HOOK_TOKEN, type Phone, RelayProcess } from '../support/relay-process.ts'
import { Ejabberd } from './support/ejabberd.ts'
import { skip } from './support/requirements.ts'
import type { XmppClient } from './support/xmpp-client.ts'

const escapeXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const toBob = (id: string, text: string) =>
  `<message to="bob@localhost" id="${id}" type="chat"><body>${escapeXml(text)}</body></message>`

describe('a real ejabberd, the relay, and a simulated iPhone', { skip, timeout: 180_000 }, () => {
  let relay: RelayProcess
  let ejabberd: Ejabberd
  let alice: XmppClient
  let phone: Phone

  before(async () => {
    relay = await RelayProcess.start()
    ejabberd = await Ejabberd.start({ module: { url: relay.url, token: HOOK_TOKEN }, resumeTimeout: 2 })
    await ejabberd.register('alice', 'bob', 'carol')
    alice = await ejabberd.connect('alice')
    phone = await relay.registerPhone('bob@localhost')
  })

  after(async () => {
    await ejabberd?.stop()
    await relay?.close()
  })

  const texts: Record<string, string> = {
    ascii: 'Hello Bob',
    emoji: 'Family 👩‍👩‍👧‍👦 and flag 🇩🇪',
    special: 'a&b=c+d%20e%zz\nline 2\t"quoted" <tag/> ;?#/end',
    'right-to-left': 'שלום مرحبا',
  }
  for (const [name, text] of Object.entries(texts)) {
    test(`${name}: the phone shows sender and text`, async () => {
      await alice.send(toBob(name, text))
      const { title, body, custom } = await phone.shows(name)
      assert.deepEqual({ title, body }, { title: 'alice', body: text })
      assert.deepEqual(
        { from: chat(custom).from, to: chat(custom).to },
        { from: 'alice@localhost', to: 'bob@localhost' },
      )
    })
  }

  test('8 KB: the phone shows as much as fits', async () => {
    const text = 'word '.repeat(1639).slice(0, 8192)
    await alice.send(toBob('8k', text))
    const { body = '' } = await phone.shows('8k')
    assert.ok(body.endsWith('…') && text.startsWith(body.slice(0, -1)), body.slice(-20))
    assert.ok(body.length > 2000, String(body.length))
  })

  test('a room message shows the nick, and the room as its conversation', async () => {
    const room = 'lobby@conference.localhost'
    await ejabberd.api('create_room', { name: 'lobby', service: 'conference.localhost', host: 'localhost' })
    await ejabberd.api('subscribe_room', {
      user: 'bob@localhost',
      nick: 'Bob',
      room,
      nodes: 'urn:xmpp:mucsub:nodes:messages',
    })
    await alice.send(
      `<presence to="${room}/Alice in Chains"><x xmlns="http://jabber.org/protocol/muc"/></presence>`,
      `<message to="${room}" type="groupchat" id="room"><body>hi all</body></message>`,
    )
    const { title, body, custom } = await phone.shows('room')
    assert.deepEqual({ title, body }, { title: 'Alice in Chains', body: 'hi all' })
    assert.deepEqual({ type: chat(custom).type, room: chat(custom).room }, { type: 'groupchat', room })
  })

  test('chat states and receipts cause no push', async () => {
    await alice.send(
      '<message to="bob@localhost" type="chat" id="state"><composing xmlns="http://jabber.org/protocol/chatstates"/></message>',
      '<message to="bob@localhost" type="chat" id="receipt"><received xmlns="urn:xmpp:receipts" id="x"/></message>',
      toBob('after-states', 'a real one'),
    )
    await phone.shows('after-states')
    assert.ok(!phone.stanzaIds.includes('state') && !phone.stanzaIds.includes('receipt'))
  })

  test('the relay is killed: what is sent meanwhile is pushed when it is back', async () => {
    await relay.kill()
    const ids = Array.from({ length: 30 }, (_, index) => `killed-${index}`)
    await alice.send(...ids.map(id => toBob(id, id)))
    await relay.run()
    await Promise.all(ids.map(id => phone.shows(id)))
    assert.equal(new Set(phone.stanzaIds).size, phone.stanzaIds.length, 'none twice')
  })

  test('a wrong token: nothing is lost, and it goes on with the right one', async () => {
    await ejabberd.reload({ module: { url: relay.url, token: 'wrong-0123456789abcdef' }, resumeTimeout: 2 })
    const from = ejabberd.log.all.length
    await alice.send(toBob('wrong-token', 'waits'))
    await ejabberd.log.waitFor('HTTP 401', from)
    await ejabberd.reload({ module: { url: relay.url, token: HOOK_TOKEN }, resumeTimeout: 2 })
    assert.equal((await phone.shows('wrong-token')).body, 'waits')
  })

  test('a phone that lost its connection buzzes at once, and once', async () => {
    const bob = await ejabberd.connect('bob', true)
    bob.freeze()
    await alice.send(toBob('lost', 'are you there?'))
    const from = ejabberd.log.all.length
    await bob.kill()
    const lost = await phone.shows('lost')
    assert.equal(lost.body, 'are you there?')
    await ejabberd.log.waitFor('Closing c2s session for bob@localhost', from)
    await alice.send(toBob('after-lost', 'fence'))
    await phone.shows('after-lost')
    assert.equal(phone.shown.filter(({ body }) => body === 'are you there?').length, 1)
    assert.equal(relay.simulator.pushedIds.count(lost.apnsId), 1)
  })

  test('a removed account leaves no phone behind', async () => {
    await relay.registerPhone('carol@localhost')
    assert.equal((await relay.devices('carol@localhost')).length, 1)
    await ejabberd.api('unregister', { user: 'carol', host: 'localhost' })
    // Deletions and messages go in order: when this one is shown, carol is forgotten.
    await alice.send(toBob('after-removal', 'fence'))
    await phone.shows('after-removal')
    assert.deepEqual(await relay.devices('carol@localhost'), [])
  })
})
