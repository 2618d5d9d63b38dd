import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { defaultDomainsOf, type MessageDraft, readDraft } from '../../src/domain/message-draft.ts'
import { MAX_BODY_BYTES, MAX_FIELD_BYTES } from '../../src/domain/offline-message.ts'

const CONTEXT = { defaultDomains: ['example.org'] }
const GOOD: MessageDraft = { to: 'bob@example.org', from: 'alice@example.org', body: 'hi' }

function read(change: MessageDraft, context = CONTEXT) {
  const result = readDraft({ ...GOOD, ...change }, context)
  assert.ok(result.ok, JSON.stringify(result))
  return result.message
}

function refused(change: MessageDraft, context: { defaultDomains: readonly string[] } = CONTEXT) {
  const result = readDraft({ ...GOOD, ...change }, context)
  assert.ok(!result.ok)
  return result
}

describe('to and from', () => {
  it('are normalised and lose their resource', () => {
    const message = read({ to: 'Bob@Example.Org/phone', from: 'ALICE@xn--mnchen-3ya.de' })
    assert.equal(message.recipient, 'bob@example.org')
    assert.equal(message.sender, 'alice@münchen.de')
  })

  it('are completed by the vhost, else the default domain, else invalid', () => {
    assert.equal(
      read({ to: 'bob', from: 'alice', vhost: 'Chat.Example.org' }).recipient,
      'bob@chat.example.org',
    )
    assert.equal(
      read({ to: 'bob', from: 'alice', vhost: 'chat.example.org' }).sender,
      'alice@chat.example.org',
    )
    assert.equal(read({ to: 'bob', vhost: '' }).recipient, 'bob@example.org')
    assert.equal(refused({ to: 'bob' }, { defaultDomains: [] }).code, 'RELAY_INVALID_TO')
    assert.equal(refused({ from: 'alice' }, { defaultDomains: [] }).code, 'RELAY_INVALID_FROM')
    const message = read({ to: 'bob', vhost: 'not a domain' })
    assert.equal(message.recipient, 'bob@example.org')
    assert.deepEqual(message.notes, ['vhost dropped'])
    assert.equal(read({ vhost: 'other.org' }).recipient, 'bob@example.org', 'a vhost replaces no domain')
  })

  it('refuse everything that is not a JID, without repeating it', () => {
    for (const value of [
      undefined,
      null,
      '',
      5,
      {},
      ['bob@example.org'],
      'bob&x',
      'a@b@c',
      'se cret@x.org',
      'a\0b',
    ]) {
      for (const [name, code] of [
        ['to', 'RELAY_INVALID_TO'],
        ['from', 'RELAY_INVALID_FROM'],
      ] as const) {
        const result = refused({ [name]: value })
        assert.equal(result.code, code)
        assert.doesNotMatch(result.message, /bob|cret|@/)
      }
    }
    assert.equal(refused({ to: '@example.org' }).code, 'RELAY_INVALID_TO')
  })

  it('let a server be the sender, never the recipient', () => {
    assert.equal(read({ from: 'example.org' }).sender, 'example.org')
    assert.equal(read({ from: 'conference.example.org/x' }).sender, 'conference.example.org')
    assert.equal(read({ from: 'remote.net' }, { defaultDomains: [] }).sender, 'remote.net')
    assert.equal(read({ to: 'bob', isFromServer: true, from: '' }).sender, 'example.org')
    assert.equal(read({ to: 'example.org' }).recipient, 'example.org@example.org')
  })

  it('take a sender for an account where only local parts are given', () => {
    assert.equal(read({ to: 'bob', from: 'example.org' }).sender, 'example.org@example.org')
    assert.equal(read({ from: 'john.doe' }).sender, 'john.doe@example.org')
  })

  it('are completed by the only domain of a token, else the operator’s', () => {
    assert.deepEqual(defaultDomainsOf(['a.org'], 'b.org'), ['a.org'])
    assert.deepEqual(defaultDomainsOf(['a.org', 'c.org'], 'b.org'), ['b.org'])
    assert.deepEqual(defaultDomainsOf(undefined, 'b.org'), ['b.org'])
    assert.deepEqual(defaultDomainsOf(undefined, undefined), [])
  })
})

describe('body', () => {
  it('must be a text, unless it is left out on purpose', () => {
    for (const body of [undefined, null, 5, true, {}, []]) {
      assert.equal(refused({ body }).code, 'RELAY_INVALID_BODY')
    }
    assert.equal(read({ body: undefined, encrypted: true }).body, undefined)
    assert.equal(read({ body: null, bodyOmitted: true }).body, undefined)
    for (const odd of ['yes', 'omemo', {}, 2]) {
      const message = read({ body: undefined, encrypted: odd })
      assert.deepEqual([message.encrypted, message.notes], [true, ['encrypted read as true']])
    }
    for (const no of [undefined, null, '', false, 'false', 0]) {
      assert.equal(refused({ body: undefined, encrypted: no }).code, 'RELAY_INVALID_BODY')
    }
    assert.equal(refused({ body: 5, encrypted: true }).code, 'RELAY_INVALID_BODY')
    assert.equal(read({ body: '' }).body, '')
  })

  it('is kept as it is', () => {
    const text = ' a&b=c+d%20 \n\t<tag/> "é" 👩‍👩‍👧‍👦 שלום \u202e '
    assert.equal(read({ body: text }).body, text)
    assert.deepEqual(read({ body: text }).notes, [])
  })

  it('is cut at 8 KiB of UTF-8, between two characters as people see them', () => {
    const kept = read({ body: 'é'.repeat(4096) })
    assert.equal(kept.body, 'é'.repeat(4096))
    assert.deepEqual(kept.notes, [])
    const cut = read({ body: `${'a'.repeat(8180)}👩‍👩‍👧‍👦 rest` })
    assert.equal(cut.body, 'a'.repeat(8180))
    assert.deepEqual(cut.notes, ['body cut'])
    assert.equal(read({ body: 'x'.repeat(4_000_000) }).body, 'x'.repeat(8192))
  })

  it('gets U+FFFD for NUL and for half characters, which neither SQLite nor a phone takes well', () => {
    const message = read({ body: 'a\0b\ud800c' })
    assert.equal(message.body, 'a\ufffdb\ufffdc')
    assert.deepEqual(message.notes, ['body repaired'])
    assert.deepEqual(read({ body: '\0'.repeat(9000) }).notes, ['body repaired', 'body cut'])
  })
})

describe('every other field', () => {
  it('is taken as it is when it fits', () => {
    const fields = {
      id: 'i1',
      type: 'groupchat',
      nick: 'Alice & Co',
      room: 'R@c.x/y',
      thread: 't',
      unread: 3,
    }
    const message = read({ ...fields, sentAt: '2026-08-03T10:00:00Z', encrypted: false })
    const { id, ...rest } = fields
    assert.deepEqual(message, {
      recipient: 'bob@example.org',
      sender: 'alice@example.org',
      body: 'hi',
      ...rest,
      stanzaId: id,
      sentAt: Date.UTC(2026, 7, 3, 10),
      encrypted: false,
      bodyOmitted: false,
      notes: [],
    })
  })

  it('may be missing, null or empty without a word', () => {
    for (const empty of [undefined, null, '']) {
      const message = read({
        id: empty,
        type: empty,
        nick: empty,
        room: empty,
        thread: empty,
        unread: empty,
        sentAt: empty,
        encrypted: empty,
      })
      assert.deepEqual(Object.keys(message).sort(), [
        'body',
        'bodyOmitted',
        'encrypted',
        'notes',
        'recipient',
        'sender',
        'type',
      ])
      assert.equal(message.type, 'chat')
      assert.deepEqual(message.notes, [])
    }
  })

  it('never loses the message: type', () => {
    for (const type of ['chat', 'groupchat', 'normal', 'headline', 'error'])
      assert.equal(read({ type }).type, type)
    for (const type of ['CHAT', 'x', 5, {}, []]) {
      assert.equal(read({ type }).type, 'chat')
      assert.deepEqual(read({ type }).notes, ['type read as chat'])
    }
  })

  it('never loses the message: texts', () => {
    for (const name of ['nick', 'room', 'thread'] as const) {
      assert.equal(read({ [name]: 42 })[name], '42')
      assert.deepEqual(read({ [name]: 42 }).notes, [`${name} coerced`])
    }
    assert.equal(read({ id: 42 }).stanzaId, '42')
    assert.deepEqual(read({ id: 42 }).notes, ['id coerced'])
    for (const nick of [{}, ['a'], true, Number.NaN]) {
      assert.equal(read({ nick }).nick, undefined)
      assert.deepEqual(read({ nick }).notes, ['nick dropped'])
    }
    const long = read({ thread: `${'t'.repeat(1023)}é` })
    assert.equal(long.thread, 't'.repeat(1023))
    assert.deepEqual(long.notes, ['thread cut'])
    const controls = read({ nick: 'a\nb\0c\ud800' })
    assert.equal(controls.nick, 'a b c\ufffd')
    assert.deepEqual(controls.notes, ['nick repaired'])
  })

  it('never loses the message: unread', () => {
    for (const [given, count, notes] of [
      [0, 0, []],
      [7.0, 7, []],
      ['3', 3, ['unread coerced']],
      ['41', 41, ['unread coerced']],
    ] as const) {
      assert.equal(read({ unread: given }).unread, count)
      assert.deepEqual(read({ unread: given }).notes, notes)
      assert.deepEqual(read({ unread: given, onlyTexts: true }).notes, [])
    }
    for (const unread of [-1, 1.5, '1.5', 'x', '-3', '1e3', Number.NaN, Number.POSITIVE_INFINITY, {}, true]) {
      assert.equal(read({ unread }).unread, undefined)
      assert.deepEqual(read({ unread }).notes, ['unread dropped'], String(unread))
    }
    assert.equal(read({ unread: 1e15 }).unread, 999_999)
    assert.deepEqual(read({ unread: 1e15 }).notes, ['unread cut'])
  })

  it('never loses the message: encrypted', () => {
    for (const encrypted of [true, false]) assert.deepEqual(read({ encrypted }).notes, [])
    for (const [flag, values] of [
      [true, [1, '1', 'true', 'TRUE']],
      [false, [0, '0', 'false', 'False']],
    ] as const) {
      for (const encrypted of values) {
        assert.equal(read({ encrypted }).encrypted, flag)
        assert.deepEqual(read({ encrypted }).notes, ['encrypted coerced'])
        assert.deepEqual(read({ encrypted, onlyTexts: true }).notes, [])
      }
    }
    for (const odd of ['maybe', 2, {}, []]) {
      assert.equal(read({ encrypted: odd }).encrypted, false)
      assert.deepEqual(read({ encrypted: odd }).notes, ['encrypted dropped'])
    }
  })

  it('never loses the message: sentAt', () => {
    const instant = Date.UTC(2026, 7, 3, 10, 0, 0, 250)
    const exact = ['2026-08-03T10:00:00.25Z', '2026-08-03T12:00:00.250+02:00']
    const guessed = ['2026-08-03T10:00:00.25', instant, String(instant), instant / 1000, instant * 1000]
    for (const sentAt of [...exact, ...guessed]) {
      const message = read({ sentAt })
      assert.equal(message.sentAt, instant, String(sentAt))
      assert.deepEqual(message.notes, exact.includes(String(sentAt)) ? [] : ['sentAt coerced'])
    }
    for (const sentAt of [
      'yesterday',
      '2026-13-03T10:00:00Z',
      '2026',
      0,
      -5,
      1e30,
      '1999-12-31T23:59:59Z',
      '2100-01-01T00:00:00Z',
      {},
      true,
    ]) {
      assert.equal(read({ sentAt }).sentAt, undefined)
      assert.deepEqual(read({ sentAt }).notes, ['sentAt dropped'], String(sentAt))
    }
  })
})

describe('any input', () => {
  const anything = fc.oneof(
    fc.anything(),
    fc.string({ unit: 'binary', maxLength: 3000, size: 'max' }),
    fc.constantFrom('bob', 'a@b.c'),
  )
  const fields = [
    'to',
    'from',
    'body',
    'id',
    'type',
    'nick',
    'room',
    'thread',
    'unread',
    'sentAt',
    'encrypted',
    'vhost',
  ] as const
  const wild = fc.record(Object.fromEntries(fields.map(name => [name, anything])), { requiredKeys: [] })

  it('gives a message or a problem and never throws', () => {
    fc.assert(
      fc.property(wild, draft => void readDraft(draft, CONTEXT)),
      { numRuns: 500 },
    )
    assert.deepEqual(readDraft(undefined, CONTEXT), {
      ok: false,
      code: 'RELAY_INVALID_MESSAGE',
      message: 'A message must be an object',
    })
  })

  it('cannot lose a message by an optional field, and none is longer than its limit', () => {
    fc.assert(
      fc.property(wild, ({ to: _to, from: _from, body: _body, ...optional }) => {
        const message = read(optional)
        assert.equal(message.recipient, GOOD.to)
        assert.equal(message.body, GOOD.body)
        for (const text of [message.nick, message.room, message.thread, message.stanzaId]) {
          assert.ok(text === undefined || (text.isWellFormed() && Buffer.byteLength(text) <= MAX_FIELD_BYTES))
        }
      }),
      { numRuns: 500 },
    )
  })

  it('keeps the beginning of any text, well formed', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 3000, maxLength: 6000, size: 'max' })
    fc.assert(
      fc.property(text, body => {
        const kept = read({ body }).body ?? ''
        assert.ok(body.replaceAll('\0', '\ufffd').startsWith(kept) && kept.isWellFormed())
        assert.ok(Buffer.byteLength(kept) <= MAX_BODY_BYTES)
        assert.ok(kept === body || Buffer.byteLength(kept) > MAX_BODY_BYTES - 256)
      }),
      { numRuns: 30 },
    )
  })
})
