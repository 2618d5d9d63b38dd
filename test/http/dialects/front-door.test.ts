import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readDraft } from '../../../src/domain/message-draft.ts'
import { parseForm, parseJsonMessages } from '../../../src/http/dialects/front-door.ts'

const CONTEXT = { defaultDomains: ['example.org'] }

function json(value: unknown) {
  return parseJsonMessages(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)))
}

function problemOf(parsed: { ok: boolean; problem?: string }): string | undefined {
  return parsed.ok ? undefined : parsed.problem
}

describe('a JSON body', () => {
  it('is one message, or a list of them', () => {
    const good = {
      to: 'bob',
      from: 'alice',
      body: 'a&b=c+d%20 "é" 👩‍👩‍👧‍👦\n',
      unread: 3,
      encrypted: true,
      vhost: 'x.org',
    }
    assert.deepEqual(json(good), { ok: true, drafts: [good], many: false })
    assert.deepEqual(json([good]), { ok: true, drafts: [good], many: true })
    assert.deepEqual(json(`\ufeff${JSON.stringify(good)}`), { ok: true, drafts: [good], many: false })
  })

  it('has 1 to 1000 entries, of which a bad one spoils no other', () => {
    assert.equal(problemOf(json([])), 'the array is empty')
    assert.equal(problemOf(json(Array(1001).fill({}))), 'the array has more than 1000 entries')
    const parsed = json([5, null, 'x', [{}], { to: 'bob', from: 'alice', body: 'x' }, ...Array(995).fill({})])
    assert.ok(parsed.ok)
    assert.equal(parsed.drafts.length, 1000)
    const results = parsed.drafts.slice(0, 6).map(draft => readDraft(draft, CONTEXT))
    assert.deepEqual(
      results.map(result => (result.ok ? result.message.body : result.code)),
      [...Array(4).fill('RELAY_INVALID_MESSAGE'), 'x', 'RELAY_INVALID_TO'],
    )
  })

  it('is refused when it is no such JSON, in words that repeat nothing', () => {
    for (const raw of [
      '',
      ' ',
      '{',
      '{"to":"bob"',
      "{'to':'bob'}",
      '{"to":"bob\n"}',
      'to=bob',
      'null',
      '"bob"',
      '5',
      'bob',
    ]) {
      const problem = problemOf(json(raw))
      assert.ok(problem, raw)
      assert.doesNotMatch(problem, /bob/)
    }
    assert.equal(problemOf(parseJsonMessages(Buffer.from('{"to":"\xff"}', 'latin1'))), 'it is not UTF-8')
    assert.equal(problemOf(parseJsonMessages(Buffer.from([0xff, 0xfe, 0x7b, 0]))), 'it is not UTF-8')
  })

  it('takes own fields of the table only', () => {
    const parsed = json(
      '{"__proto__":{"to":"mallory"},"constructor":{"from":"x"},"bodyOmitted":true,"isFromServer":true,"notes":["n"],"access_token":"t","x":1}',
    )
    assert.deepEqual(parsed, { ok: true, drafts: [{}], many: false })
    assert.equal(Object.getOwnPropertyDescriptor(Object.prototype, 'to'), undefined)
  })

  it('may be nested deeply for nothing', () => {
    const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`
    assert.ok(json(`[${deep}]`).ok)
    const parsed = json(`{"to":"bob","from":"alice","body":"x","nick":${deep}}`)
    const read = parsed.ok ? readDraft(parsed.drafts[0], CONTEXT) : undefined
    assert.deepEqual(read?.ok && read.message.notes, ['nick dropped'])
  })
})

/** What the draft of every form has. */
const FORM = { onlyTexts: true, notes: [] }

function form(text: string) {
  return parseForm(Buffer.from(text, 'latin1'))
}

describe('a form body', () => {
  it('is decoded as the URL standard says', () => {
    assert.deepEqual(
      form('to=bob%40x.org&from=al%2Bice&body=a+b%26c%3Dd%0A%F0%9F%91%A9%zz%4&unread=3&access_token=t-1'),
      {
        ok: true,
        draft: { to: 'bob@x.org', from: 'al+ice', body: 'a b&c=d\n👩%zz%4', unread: '3', ...FORM },
        accessToken: 't-1',
      },
    )
    assert.deepEqual(form('&&t%6F=bob&&body&=x&'), {
      ok: true,
      draft: { to: 'bob', body: '', ...FORM },
      accessToken: undefined,
    })
    assert.deepEqual(form('body=a=b==c'), {
      ok: true,
      draft: { body: 'a=b==c', ...FORM },
      accessToken: undefined,
    })
  })

  it('agrees with URLSearchParams about every message', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40, size: 'max' })
    fc.assert(
      fc.property(text, text, text, (to, body, accessToken) => {
        const raw = new URLSearchParams({ to, body, access_token: accessToken }).toString()
        assert.deepEqual(form(raw), { ok: true, draft: { to, body, ...FORM }, accessToken })
      }),
      { numRuns: 300 },
    )
  })

  it('is refused when who is meant, or what is said, is there twice', () => {
    for (const name of ['to', 'from', 'body', 'vhost', 'access_token']) {
      assert.equal(problemOf(form(`${name}=a&x=1&${name}=b`)), `it has ${name} twice`)
      assert.equal(
        problemOf(form(`${name}=a&%${name.charCodeAt(0).toString(16)}${name.slice(1)}=a`)),
        `it has ${name} twice`,
      )
    }
    assert.deepEqual(form('nick=a&nick=b&x=1&x=2'), {
      ok: true,
      draft: { nick: 'a', onlyTexts: true, notes: ['nick repeated'] },
      accessToken: undefined,
    })
  })

  it('is refused when it is not UTF-8 or has too many fields', () => {
    for (const raw of ['body=\xff', 'body=%ff', 'x=%C3', 'x%C3=1', 'body=%ED%A0%80']) {
      assert.equal(problemOf(form(raw)), 'it is not UTF-8')
    }
    assert.equal(problemOf(form('x=1&'.repeat(1000))), 'it has more than 1000 fields')
    assert.equal(form('x=1&'.repeat(999)).ok, true)
    assert.equal(problemOf(form('&'.repeat(4_000_000))), 'it has more than 1000 fields')
  })

  it('takes the fields of the table only', () => {
    assert.deepEqual(
      form('__proto__=x&constructor=y&bodyOmitted=true&isFromServer=true&onlyTexts=no&notes=n&toString=z'),
      {
        ok: true,
        draft: FORM,
        accessToken: undefined,
      },
    )
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200, size: 'max' }), raw => void parseForm(Buffer.from(raw))),
      { numRuns: 1000 },
    )
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200, size: 'max' }),
        raw => void parseJsonMessages(Buffer.from(raw)),
      ),
      { numRuns: 1000 },
    )
  })
})
