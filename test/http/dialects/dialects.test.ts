import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type MessageDraft, readDraft } from '../../../src/domain/message-draft.ts'
import type { Dialect, HookRequest } from '../../../src/http/dialects/dialect.ts'
import { modInteract } from '../../../src/http/dialects/mod-interact.ts'
import { modOfflineHttpPost } from '../../../src/http/dialects/mod-offline-http-post.ts'
import { modOfflineHttpPostJson } from '../../../src/http/dialects/mod-offline-http-post-json.ts'
import { modOfflineHttpPostNotify } from '../../../src/http/dialects/mod-offline-http-post-notify.ts'
import { modOfflinePost } from '../../../src/http/dialects/mod-offline-post.ts'
import { DIALECTS } from '../../../src/http/dialects/registry.ts'
import { draftsOf, MODULES } from './modules.ts'
import { recording, TOKEN } from './recording.ts'

const SUFFIX = `&access_token=${TOKEN}`

function bytes(raw: string | Buffer): HookRequest {
  return { raw: Buffer.from(raw), headers: {} }
}

/** One character of `text` per byte. */
function latin1(text: string): HookRequest {
  return bytes(Buffer.from(text, 'latin1'))
}

function one(dialect: Dialect, request: HookRequest): MessageDraft {
  const drafts = draftsOf(dialect, request)
  assert.equal(drafts.length, 1)
  return drafts[0]!
}

function message(dialect: Dialect, request: HookRequest) {
  const read = readDraft(one(dialect, request), { defaultDomains: ['localhost'] })
  assert.ok(read.ok, JSON.stringify(read))
  return read.message
}

describe('the registry', () => {
  it('has each dialect once, under the name of its route', () => {
    assert.deepEqual(
      DIALECTS.map(({ name }) => name),
      [
        'mod_interact',
        'mod_offline_post',
        'mod_offline_http_post',
        'mod_offline_http_post_notify',
        'mod_offline_http_post_json',
      ],
    )
  })
})

describe('credentials', () => {
  it('are the Authorization header, bare or Bearer', () => {
    for (const dialect of [modOfflineHttpPost, modOfflineHttpPostNotify, modOfflineHttpPostJson]) {
      const of = (authorization: string | undefined) =>
        dialect.credential({ raw: Buffer.from(`x${SUFFIX}`), headers: { authorization } })
      assert.equal(of(TOKEN), TOKEN)
      assert.equal(of(`Bearer ${TOKEN}`), TOKEN)
      assert.equal(of(`bearer  ${TOKEN}`), TOKEN)
      assert.equal(of(''), undefined)
      assert.equal(of(undefined), undefined, 'never the body')
    }
  })

  it('are the last access_token of the body, to its last byte', () => {
    for (const dialect of [modInteract, modOfflinePost]) {
      const of = (raw: string) =>
        dialect.credential({ raw: Buffer.from(raw), headers: { authorization: TOKEN } })
      assert.equal(of(`to=bob${SUFFIX}`), TOKEN)
      assert.equal(of(`to=bob${SUFFIX}&x=1`), `${TOKEN}&x=1`, 'which is no configured token')
      assert.equal(of(`to=bob${SUFFIX}&access_token=other`), 'other')
      assert.equal(of('to=bob'), undefined, 'never the header')
      assert.equal(of(''), undefined)
    }
  })
})

describe('forms that are none', () => {
  const WRONG = [
    '',
    '&',
    '=',
    'to=bob',
    'from=alice&to=bob&body=x',
    'xto=bob&from=alice&body=x',
    ' to=bob&from=alice&body=x',
    '{"to":"bob"',
    '[]',
    'null',
    '5',
    '"x"',
    'jabber_id=bob',
  ]

  it('are refused as a whole, in words that repeat nothing', () => {
    for (const dialect of DIALECTS) {
      for (const raw of WRONG) {
        for (const suffix of ['', SUFFIX]) {
          const parsed = dialect.parse(bytes(raw + suffix))
          assert.ok(!parsed.ok, `${dialect.name}: ${raw}`)
          assert.doesNotMatch(parsed.problem, /bob|alice|Rec0rded/)
        }
      }
    }
  })

  it('are refused when they end before the last key does', () => {
    for (const [name, lastKey] of [
      ['mod_interact-ascii', '&access_token='],
      ['mod_offline_post-izandromm-muc', '&access_token='],
      ['mod_offline_http_post-ascii', '&messageId='],
      ['mod_offline_http_post_notify-muc', '&body='],
      ['mod_offline_http_post_json-ascii', '}'],
    ] as const) {
      const dialect = DIALECTS.find(dialect => name.startsWith(`${dialect.name}-`))!
      const { raw, headers } = recording(name)
      const needed = raw.lastIndexOf(lastKey) + lastKey.length
      assert.ok(dialect.parse({ raw: raw.subarray(0, needed), headers }).ok, name)
      for (let length = 0; length < needed; length++) {
        assert.equal(dialect.parse({ raw: raw.subarray(0, length), headers }).ok, false, `${name} ${length}`)
      }
    }
  })
})

describe('what is not UTF-8', () => {
  it('is replaced in the text, with a note, and refused in to and from', () => {
    const forms: [Dialect, string][] = [
      [modOfflinePost, `type=chat&to=TO&from=alice&body=h\xe9 \xff${SUFFIX}`],
      [modOfflineHttpPost, 'to=TO&from=alice&vhost=localhost&body=h\xe9 \xff&messageId=i1'],
      [
        modOfflineHttpPostNotify,
        'type=chat&to=TO&from=alice&vhost=localhost&messageId=i&stanzaMessageId=1&body=h\xe9 \xff&',
      ],
      [modInteract, `to=TO&from=alice&body=h%E9%20%ff${SUFFIX}`],
    ]
    for (const [dialect, form] of forms) {
      const { body, recipient, notes } = message(dialect, latin1(form.replace('TO', 'bob')))
      assert.deepEqual(
        { body, recipient, notes },
        { body: 'h\ufffd \ufffd', recipient: 'bob@localhost', notes: ['body repaired'] },
      )
      const wrong = readDraft(one(dialect, latin1(form.replace('TO', 'b\xffob'))), {
        defaultDomains: ['localhost'],
      })
      assert.equal(!wrong.ok && wrong.code, 'RELAY_INVALID_TO')
      const wrongSender = readDraft(
        one(dialect, latin1(form.replace('TO', 'bob').replace('alice', '\xe9'))),
        { defaultDomains: ['localhost'] },
      )
      assert.equal(!wrongSender.ok && wrongSender.code, 'RELAY_INVALID_FROM')
    }
    assert.equal(
      modOfflineHttpPostJson.parse(latin1('{"to":"bob","from":"alice","message":"\xff"}')).ok,
      false,
    )
  })
})

describe('to and from', () => {
  it('are never percent-decoded, and a + in them is a +', () => {
    for (const { dialect, post, name } of MODULES) {
      const request = post({ body: 'hi' })
      const raw = request.raw.toString().replace('bob', 'bo%62+x').replace('alice', 'al%69ce')
      const [draft] = draftsOf(dialect, { ...request, raw: Buffer.from(raw) })
      const read = readDraft(draft, { defaultDomains: ['localhost'] })
      assert.ok(read.ok, name)
      assert.equal(read.message.recipient, 'bo%62+x@localhost')
      assert.equal(read.message.sender, 'al%69ce@localhost')
    }
  })

  it('an empty sender is the server: modules that name only local parts have no other word for it', () => {
    for (const { dialect, post } of MODULES) {
      const request = post({ body: 'hi' })
      const raw = request.raw.toString().replace(/alice(@localhost)?/, '')
      const [draft] = draftsOf(dialect, { ...request, raw: Buffer.from(raw) })
      const read = readDraft(draft, {
        defaultDomains: [] as string[],
        ...(draft?.vhost === undefined ? { defaultDomains: ['localhost'] } : {}),
      })
      assert.ok(read.ok)
      assert.equal(read.message.sender, 'localhost')
    }
  })

  it('an empty recipient is nobody', () => {
    for (const { dialect, post, name } of MODULES.filter(module => module.recipients.length === 1)) {
      const request = post({ body: 'hi' })
      const raw = request.raw.toString().replace(/bob(@localhost)?/, '')
      const read = readDraft(draftsOf(dialect, { ...request, raw: Buffer.from(raw) })[0], {
        defaultDomains: ['localhost'],
      })
      assert.equal(!read.ok && read.code, 'RELAY_INVALID_TO', name)
    }
  })
})

describe('mod_interact', () => {
  it('decodes the body byte by byte and leaves a lone % and a + alone', () => {
    const body = 'caf%C3%A9%20%zz%4%%41+%'
    assert.equal(
      message(modInteract, bytes(`to=bob&from=alice&body=${body}${SUFFIX}`)).body,
      'café %zz%4%A+%',
    )
  })
})

describe('mod_offline_post', () => {
  it('needs no type', () => {
    assert.equal(message(modOfflinePost, bytes(`to=bob&from=alice&body=x${SUFFIX}`)).type, 'chat')
  })

  it('does not take bob. for bob', () => {
    const form = (offline: string) =>
      bytes(`type=groupchat&to=r&from=a&offline=${offline}&nick=n&body=x${SUFFIX}`)
    const names = (offline: string) => draftsOf(modOfflinePost, form(offline)).map(draft => draft?.to)
    assert.deepEqual(names('bob..carol..'), ['bob', 'carol'])
    assert.deepEqual(names('bob...carol..'), ['bob.', 'carol'])
    assert.deepEqual(names('j.doe..bob'), ['j.doe', 'bob'])
    assert.deepEqual(names(''), [], 'nobody is absent')
  })
})

describe('a room message', () => {
  it('reaches up to 1000, and says so when there are more', () => {
    for (const [dialect, list] of [
      [
        modOfflinePost,
        (names: string[]) =>
          `type=groupchat&to=r&from=a&offline=${names.map(name => `${name}..`).join('')}&nick=n&body=x${SUFFIX}`,
      ],
      [
        modOfflineHttpPostNotify,
        (names: string[]) =>
          `type=groupchat&to=r&from=a&offline=${names.join('|')}&nick=n&vhost=x.org&messageId=i&stanzaMessageId=1&body=x&`,
      ],
    ] as [Dialect, (names: string[]) => string][]) {
      const names = Array.from({ length: 1001 }, (_, index) => `user${index}`)
      const all = draftsOf(dialect, bytes(list(names.slice(0, 1000))))
      assert.deepEqual(
        all.map(draft => draft?.to),
        names.slice(0, 1000),
      )
      assert.deepEqual(all[999]?.notes, [])
      const most = draftsOf(dialect, bytes(list(names)))
      assert.deepEqual(
        most.map(draft => draft?.to),
        names.slice(0, 1000),
      )
      for (const draft of most) assert.deepEqual(draft?.notes, ['offline cut'])
    }
  })

  it('is a list even for one, with the same id for each', () => {
    const parsed = modOfflineHttpPostNotify.parse(recording('mod_offline_http_post_notify-muc'))
    assert.ok(parsed.ok && parsed.many)
    assert.deepEqual(
      parsed.drafts.map(draft => [draft?.id, draft?.room]),
      [['id-muc-1', 'room1']],
    )
  })

  it('costs its length, also when all of it imitates keys', () => {
    const hostile = '&vhost=a&messageId=&body=&stanzaMessageId=1&offline='.repeat(80_000)
    for (const { dialect, post } of MODULES)
      void dialect.parse(post({ body: hostile, nick: hostile, id: hostile }))
  })
})

describe('mod_offline_http_post', () => {
  it('ends the text at the last messageId, and knows a text that is left out', () => {
    const form = 'to=bob&from=alice&vhost=x.org&'
    const draft = one(modOfflineHttpPost, bytes(`${form}body=a&messageId=b&messageId=o&to=carol&1`))
    assert.deepEqual([draft.body, draft.id, draft.bodyOmitted], ['a&messageId=b', 'o&to=carol&1', false])
    const confidential = one(modOfflineHttpPost, bytes(`${form}messageId=x&body=y&messageId=z`))
    assert.deepEqual([confidential.body, confidential.bodyOmitted], [undefined, true])
    assert.equal(message(modOfflineHttpPost, bytes(`${form}messageId=`)).stanzaId, undefined)
    assert.equal(message(modOfflineHttpPost, bytes(`${form}messageId=`)).recipient, 'bob@x.org')
  })
})

describe('mod_offline_http_post_notify', () => {
  it('begins the text at the first archive id, and drops one final &', () => {
    const form = 'type=chat&to=bob&from=alice&vhost=x.org&messageId='
    const of = (rest: string) => one(modOfflineHttpPostNotify, bytes(form + rest))
    assert.equal(of('i&stanzaMessageId=1&body=a&&').body, 'a&')
    assert.equal(of('i&stanzaMessageId=x&stanzaMessageId=1&body=a&').id, 'i&stanzaMessageId=x')
    assert.equal(
      of('i&stanzaMessageId=1&body=a&stanzaMessageId=2&body=b&').body,
      'a&stanzaMessageId=2&body=b',
    )
    assert.equal(modOfflineHttpPostNotify.parse(bytes(`${form}i&stanzaMessageId=&body=a&`)).ok, false)
  })
})

describe('mod_offline_http_post_json', () => {
  it('knows a text that is left out, and wrong types', () => {
    const of = (value: object) =>
      readDraft(one(modOfflineHttpPostJson, bytes(JSON.stringify(value))), { defaultDomains: [] })
    const confidential = of({ from: 'alice', to: 'bob', vhost: 'x.org', messageId: 'i' })
    assert.ok(confidential.ok)
    assert.equal(confidential.message.bodyOmitted, true)
    const wrong = of({ from: 'alice', to: 'bob', vhost: 'x.org', message: 5 })
    assert.equal(!wrong.ok && wrong.code, 'RELAY_INVALID_BODY')
    const list = of({ from: 'alice', to: ['bob'], vhost: 'x.org', message: 'x' })
    assert.equal(!list.ok && list.code, 'RELAY_INVALID_TO')
  })
})
