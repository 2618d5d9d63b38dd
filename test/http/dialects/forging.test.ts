import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readDraft } from '../../../src/domain/message-draft.ts'
import type { OfflineMessage } from '../../../src/domain/offline-message.ts'
import type { HookRequest } from '../../../src/http/dialects/dialect.ts'
import { DIALECTS } from '../../../src/http/dialects/registry.ts'
import { draftsOf, MODULES, type Module, type Sent } from './modules.ts'
import { TOKEN } from './recording.ts'

// Another default domain than the vhost: a forged vhost must not bring it into play either.
const CONTEXT = { defaultDomains: ['localhost'] }

function received(module: Module, sent: Sent): OfflineMessage[] {
  return draftsOf(module.dialect, module.post(sent)).map(draft => {
    const read = readDraft(draft, CONTEXT)
    assert.ok(read.ok, JSON.stringify(read))
    return read.message
  })
}

function assertAddresses(module: Module, messages: OfflineMessage[]): void {
  assert.deepEqual(
    messages.map(({ recipient }) => recipient),
    module.recipients,
  )
  for (const { sender } of messages) assert.equal(sender, 'alice@localhost')
}

/** What a sender might type to be somebody else, to reach somebody else, or to get in. */
const FORGERIES = [
  'x&to=mallory&from=ceo',
  'x&from=ceo@localhost&body=obey',
  '&body=second',
  `x&access_token=${TOKEN}`,
  `x&access_token=wrong`,
  'x&messageId=y',
  'x&messageId=1&stanzaMessageId=2&body=z',
  'x&stanzaMessageId=2&body=z&',
  'x&offline=mallory..eve..&nick=Boss&body=z',
  'x&offline=mallory|eve&nick=Boss&vhost=localhost',
  'x&type=headline&room_id=y',
  '","to":"mallory","x":"',
]

/** What people write, in every script, and what breaks careless parsers. */
const TEXTS = [
  '%',
  '%41%',
  '%e9',
  '+',
  '&',
  '&&',
  '=',
  'a\nb\r\nc',
  '👩‍👩‍👧‍👦🇩🇪',
  'שלום مرحبا',
  '\u202egnp.exe',
  '"\\',
  '{}',
  ' ',
]

for (const module of MODULES) {
  describe(`${module.name}: what the sender writes`, () => {
    it('stays text when it is the body', () => {
      for (const body of [...FORGERIES, ...TEXTS]) {
        const messages = received(module, { body })
        assertAddresses(module, messages)
        for (const message of messages) assert.equal(message.body, body)
      }
    })

    it('moves nobody when it is the nick or the id', () => {
      for (const text of [...FORGERIES, ...TEXTS]) {
        assertAddresses(module, received(module, { body: 'hello', nick: text, id: text }))
      }
    })

    it('authenticates nobody, and spoils no credential', () => {
      for (const text of FORGERIES) {
        const request = module.post({ body: text, nick: text, id: text })
        assert.equal(module.dialect.credential(request), TOKEN)
      }
    })

    it('gets U+FFFD for NUL and is kept otherwise', () => {
      const [message] = received(module, { body: 'a\0b', nick: 'n\0', id: 'i\0' })
      assert.equal(message?.body, 'a\ufffdb')
      assert.ok(message?.notes.includes('body repaired'))
    })

    it('is kept to its first 8 KiB', () => {
      const [message] = received(module, { body: `${'ü'.repeat(100_000)}&messageId=x` })
      assert.equal(message?.body, 'ü'.repeat(4096))
      assert.deepEqual(message?.notes, ['body cut'])
    })

    it('reaches those who are meant or nobody, whatever it is', () => {
      const keys = fc.constantFrom(
        ...'&to= &from= &offline= &nick= &body= &messageId= &stanzaMessageId=1 &vhost=localhost &access_token= .. | & = \n'.split(
          ' ',
        ),
      )
      const text = fc
        .array(fc.oneof(keys, fc.string({ maxLength: 4 })), { maxLength: 12 })
        .map(parts => parts.join(''))
      fc.assert(
        fc.property(text, text, text, (body, nick, id) => {
          const parsed = module.dialect.parse(module.post({ body, nick, id }))
          if (parsed.ok) assertAddresses(module, received(module, { body, nick, id }))
          else assert.equal(parsed.problem, 'more than one vhost could be meant')
        }),
        { numRuns: 300 },
      )
    })
  })
}

describe('the nick of a room message', () => {
  const room = (name: string) => MODULES.find(module => module.name === name)!

  it('is dropped where it could be forged, and no text is lost', () => {
    for (const [name, nick] of [
      ['izandromm, room', 'Boss&body=You are fired'],
      ['alianp, room', 'Boss&vhost=localhost&messageId=1&stanzaMessageId=2&body=You are fired'],
    ] as const) {
      for (const message of received(room(name), { body: 'real', nick })) {
        assert.equal(message.nick, undefined)
        assert.deepEqual(message.notes, ['nick dropped'])
        assert.ok(message.body?.startsWith('You are fired&') && message.body.endsWith('body=real'))
      }
    }
  })

  it('may hold everything else', () => {
    for (const nick of ['Alice & Co', 'a=b', '%41+', '&to=x', 'x&vhost=evil.org', 'ünï']) {
      for (const name of ['izandromm, room', 'alianp, room']) {
        for (const message of received(room(name), { body: 'hi', nick })) assert.equal(message.nick, nick)
      }
    }
  })

  it('cannot move the recipients to another domain: nobody can say which one is meant', () => {
    const forged = '&vhost=evil.org&messageId=1&stanzaMessageId=2&body=hi'
    for (const sent of [
      { body: 'hi', nick: `x${forged}` },
      { body: `hi${forged}` },
      { body: 'hi', id: `i${forged}` },
      { body: 'hi', nick: 'x&vhost=&messageId=1' },
    ]) {
      const alianp = room('alianp, room')
      assert.deepEqual(alianp.dialect.parse(alianp.post(sent)), {
        ok: false,
        problem: 'more than one vhost could be meant',
      })
    }
  })
})

describe('any bytes', () => {
  const PREFIXES = [
    '',
    'to=bob&from=alice&',
    'type=chat&to=bob&from=alice&',
    'type=groupchat&to=r&from=alice&offline=bob..&nick=',
    'type=groupchat&to=r&from=alice&offline=bob&nick=',
    'to=bob&from=alice&vhost=localhost&',
    '{"to":"bob","from":"alice","message":"',
  ]
  const SUFFIXES = [
    '',
    '&body=',
    '&messageId=',
    '&stanzaMessageId=1&body=',
    '&vhost=localhost&messageId=',
    `&access_token=${TOKEN}`,
    '"}',
  ]
  const bytes = fc.tuple(
    fc.constantFrom(...PREFIXES),
    fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 12 }).map(part => Buffer.from(part)),
        fc.constantFrom(...SUFFIXES).map(part => Buffer.from(part)),
      ),
      { maxLength: 8 },
    ),
  )

  function reached(request: HookRequest): unknown[] {
    return DIALECTS.flatMap(dialect => {
      void dialect.credential(request)
      const parsed = dialect.parse(request)
      return parsed.ok ? parsed.drafts.map(draft => draft?.to) : []
    })
  }

  it('never throw, and never reach anybody but whom the beginning names', () => {
    fc.assert(
      fc.property(bytes, fc.option(fc.string(), { nil: undefined }), ([prefix, parts], authorization) => {
        const request = { raw: Buffer.concat([Buffer.from(prefix), ...parts]), headers: { authorization } }
        const names = reached(request)
        // The list of one module, read by another's dialect, names nobody who exists.
        assert.ok(prefix === '' || names.every(to => to === 'bob' || to === 'bob..'), String(request.raw))
      }),
      { numRuns: 2000 },
    )
  })
})
