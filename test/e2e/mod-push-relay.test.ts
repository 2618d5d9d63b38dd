import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Ejabberd } from './support/ejabberd.ts'
import { messagesOf, RecordingRelay } from './support/recording-relay.ts'
import { skip } from './support/requirements.ts'
import type { XmppClient } from './support/xmpp-client.ts'

const TOKEN = 'hook-token-0123456789'

describe('mod_push_relay: which stanzas it hands over', { skip, timeout: 180_000 }, () => {
  const relay = new RecordingRelay()
  let ejabberd: Ejabberd
  let alice: XmppClient

  before(async () => {
    await relay.start()
    ejabberd = await Ejabberd.start({ module: { url: relay.url, token: TOKEN } })
    await ejabberd.register('alice', 'bob', 'carol')
    alice = await ejabberd.connect('alice')
  })

  after(async () => {
    await ejabberd?.stop()
    await relay.stop()
  })

  const toBob = (id: string, children: string, attributes = `type="chat"`) =>
    `<message to="bob@localhost" id="${id}" ${attributes}>${children}</message>`

  test('every field of a message', async () => {
    const before = Date.now()
    await alice.send(
      toBob(
        'full-1',
        `<body>Hello &amp; 50% + 1 &lt;tag&gt; "q" 👩‍👩‍👧‍👦 שלום</body><thread>t-1</thread>
         <nick xmlns="http://jabber.org/protocol/nick">Alice &amp; Co</nick>`,
      ),
    )
    const { sentAt, unread, ...fields } = await relay.push('full-1')
    assert.deepEqual(fields, {
      to: 'bob@localhost',
      from: 'alice@localhost',
      id: 'full-1',
      type: 'chat',
      body: 'Hello & 50% + 1 <tag> "q" 👩‍👩‍👧‍👦 שלום',
      nick: 'Alice & Co',
      thread: 't-1',
    })
    assert.ok(Date.parse(sentAt) >= before - 1000, sentAt)
    assert.equal(unread, 1)
    const request = await relay.request(({ body }) => body.includes('full-1'))
    assert.equal(request.method, 'POST')
    assert.equal(request.path, '/v1/messages')
    assert.equal(request.authorization, `Bearer ${TOKEN}`)
    assert.equal(request.contentType, 'application/json')
  })

  test('a text longer than 8 KiB is cut between two characters', async () => {
    await alice.send(toBob('long-1', `<body>x${'ä'.repeat(5000)}</body>`))
    const { body } = await relay.push('long-1')
    assert.equal(body, `x${'ä'.repeat(4095)}`)
  })

  test('a message without an id gets one, each its own', async () => {
    await alice.send(
      `<message to="bob@localhost" type="chat"><body>anonymous</body></message>`,
      `<message to="bob@localhost" type="chat"><body>anonymous</body></message>`,
      toBob('fence-1', '<body>fence</body>'),
    )
    await relay.push('fence-1')
    const ids = relay.accepted.filter(({ body }) => body === 'anonymous').map(({ id }) => id)
    assert.equal(ids.length, 2)
    assert.notEqual(ids[0], ids[1])
  })

  const encrypted: Record<string, string> = {
    omemo: `<body>fallback</body><encrypted xmlns="eu.siacs.conversations.axolotl"><header/><payload>AA</payload></encrypted>`,
    'omemo-2': `<encrypted xmlns="urn:xmpp:omemo:2"><header/><payload>AA</payload></encrypted>`,
    eme: `<encryption xmlns="urn:xmpp:eme:0" namespace="urn:example"/>`,
    openpgp: `<openpgp xmlns="urn:xmpp:openpgp:0">AA</openpgp>`,
    pgp: `<body>fallback</body><x xmlns="jabber:x:encrypted">AA</x>`,
    otr: `<body>?OTR:AAEDAAAA.</body>`,
  }
  for (const [name, children] of Object.entries(encrypted)) {
    test(`an encrypted message (${name}) is announced without its text`, async () => {
      await alice.send(toBob(`enc-${name}`, children))
      const { encrypted, body } = await relay.push(`enc-${name}`)
      assert.deepEqual({ encrypted, body }, { encrypted: true, body: undefined })
    })
  }

  const silent: Record<string, string> = {
    'chat state': toBob('s-1', `<composing xmlns="http://jabber.org/protocol/chatstates"/>`),
    receipt: toBob('s-2', `<received xmlns="urn:xmpp:receipts" id="x"/>`),
    marker: toBob('s-3', `<displayed xmlns="urn:xmpp:chat-markers:0" id="x"/>`),
    'no-store hint': toBob('s-4', `<body>x</body><no-store xmlns="urn:xmpp:hints"/>`),
    headline: toBob('s-5', '<body>x</body>', 'type="headline"'),
    'empty text': toBob('s-6', '<body/>'),
    'blank text': toBob('s-7', '<body> \n\t</body>'),
    'key transport': toBob('s-8', `<encrypted xmlns="eu.siacs.conversations.axolotl"><header/></encrypted>`),
  }
  test(`nothing for: ${Object.keys(silent).join(', ')}`, async () => {
    await alice.send(...Object.values(silent), toBob('fence-2', '<body>fence</body>'))
    await relay.push('fence-2')
    assert.deepEqual(
      relay.accepted.filter(({ id }) => id.startsWith('s-')),
      [],
    )
  })

  test('a room message for a subscriber names room and nick', async () => {
    const room = { room: 'lobby', service: 'conference.localhost' }
    await ejabberd.api('create_room', { name: room.room, service: room.service, host: 'localhost' })
    await ejabberd.api('subscribe_room', {
      user: 'bob@localhost',
      nick: 'Bob',
      room: 'lobby@conference.localhost',
      nodes: 'urn:xmpp:mucsub:nodes:messages',
    })
    await alice.send(
      `<presence to="lobby@conference.localhost/Älice &amp; Co"><x xmlns="http://jabber.org/protocol/muc"/></presence>`,
      `<message to="lobby@conference.localhost" type="groupchat" id="room-1"><body>hi all</body></message>`,
    )
    const { sentAt: _, unread: __, ...fields } = await relay.push('room-1')
    assert.deepEqual(fields, {
      to: 'bob@localhost',
      from: 'lobby@conference.localhost',
      id: 'room-1',
      type: 'groupchat',
      body: 'hi all',
      nick: 'Älice & Co',
      room: 'lobby@conference.localhost',
    })
  })

  test('a room event that a user made up is not opened', async () => {
    const forged = `<message xmlns="jabber:client" from="ceo@localhost/x" id="forged-1"><body>forged</body></message>`
    await alice.send(
      toBob(
        'wrapper-1',
        `<event xmlns="http://jabber.org/protocol/pubsub#event"><items node="urn:xmpp:mucsub:nodes:messages"><item id="1">${forged}</item></items></event>`,
      ),
      toBob('fence-3', '<body>fence</body>'),
    )
    await relay.push('fence-3')
    assert.ok(!relay.requests.some(({ body }) => body.includes('forged')))
  })

  const batches: Record<string, { text: string; largest: number }> = {
    'at most 100 messages': { text: 'short', largest: 100 },
    // In JSON each backslash takes two bytes: 31 such messages make 512 KiB.
    'at most 512 KiB': { text: '\\'.repeat(8192), largest: 31 },
  }
  for (const [name, { text, largest }] of Object.entries(batches)) {
    test(`what has gathered travels together: ${name}`, async () => {
      await relay.stop()
      const ids = Array.from({ length: 250 }, (_, index) => `batch-${largest}-${index}`)
      await alice.send(...ids.map(id => toBob(id, `<body>${text}</body>`)))
      const from = relay.requests.length
      await relay.start()
      await relay.push(ids.at(-1) as string)
      const requests = relay.requests.slice(from)
      assert.equal(Math.max(...requests.map(request => messagesOf(request).length)), largest)
      assert.ok(requests.every(({ body }) => Buffer.byteLength(body) <= 512 * 1024))
      const arrived = relay.accepted.map(({ id }) => id).filter(id => ids.includes(id))
      assert.deepEqual(arrived, ids)
    })
  }

  test('no text and no token in the log', () => {
    const log = ejabberd.log.all.join('\n')
    assert.match(log, /Push relay of localhost/)
    for (const secret of [TOKEN, 'anonymous', 'hi all']) assert.ok(!log.includes(secret), secret)
  })
})
