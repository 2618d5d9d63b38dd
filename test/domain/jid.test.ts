import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { completeJid, normaliseDomain, parseAccountJid, parseBareJid } from '../../src/domain/jid.ts'

function bare(text: string): string {
  const parsed = parseBareJid(text)
  return parsed.ok ? parsed.jid : `(${parsed.problem})`
}

function domain(text: string): string {
  const normalised = normaliseDomain(text)
  return normalised.ok ? normalised.domain : `(${normalised.problem})`
}

describe('parseBareJid', () => {
  // Those of RFC 7622 §3.5 that are addresses, and what becomes of them.
  const valid: [string, string][] = [
    ['juliet@example.com', 'juliet@example.com'],
    ['juliet@example.com/foo bar', 'juliet@example.com'],
    ['juliet@example.com/foo@bar', 'juliet@example.com'],
    ['foo\\20bar@example.com', 'foo\\20bar@example.com'],
    ['fussball@example.com', 'fussball@example.com'],
    ['fußball@example.com', 'fußball@example.com'],
    ['π@example.com', 'π@example.com'],
    ['Σ@example.com/foo', 'σ@example.com'],
    ['σ@example.com/foo', 'σ@example.com'],
    ['ς@example.com/foo', 'ς@example.com'],
    ['king@example.com/♚', 'king@example.com'],
    ['example.com', 'example.com'],
    ['example.com/foobar', 'example.com'],
    ['a.example.com/b@example.net', 'a.example.com'],
  ]
  for (const [text, expected] of valid) it(`reads ${text}`, () => assert.equal(bare(text), expected))

  it('has one form for all spellings of an account', () => {
    for (const text of [
      'Bob@Example.ORG',
      'ｂｏｂ@example.org.',
      'BOB@EXAMPLE.org/Phone',
      'bo\u00adb\u200b@example。org',
    ]) {
      assert.equal(bare(text), 'bob@example.org', text)
    }
    assert.equal(bare('Jose\u0301@x.org'), bare('JOSÉ@x.org'))
    assert.equal(bare('ΌΔΥΣΣΕΎΣ@x.org'), 'όδυσσεύσ@x.org', 'a Σ at the end is a Σ')
  })

  it('takes what ejabberd takes beyond RFC 7622: symbols, emoji, compatibility characters', () => {
    assert.equal(bare('♚@x.org'), '♚@x.org')
    assert.equal(bare('👩‍👩‍👧@x.org'), '👩👩👧@x.org')
    assert.equal(bare('henryⅣ@x.org'), 'henryiv@x.org')
    assert.equal(bare('al%69ce+x=;#?!@x.org'), 'al%69ce+x=;#?!@x.org')
  })

  it('refuses what cannot be a local part', () => {
    for (const character of '"&\'/:<> \u00a0\t\n\0\u007f\u202e\u2066\u200e\ue000\ud800\ufdd0\u{e0041}\u3000') {
      if (character === '/') continue
      assert.equal(bare(`a${character}b@x.org`), '(invalid local part)', JSON.stringify(character))
    }
    assert.equal(bare('a＠b@x.org'), '(invalid local part)', 'a full-width @ is no separator, and no letter')
    assert.equal(bare('a／b@x.org'), '(invalid local part)')
    assert.equal(bare('\u00ad@x.org'), '(invalid local part)', 'nothing visible')
    assert.equal(bare('@x.org'), '(no local part)')
    assert.equal(bare('@x.org/'), '(no local part)')
  })

  it('refuses what has no valid domain', () => {
    for (const text of ['', 'a@', '/foobar', 'a@/x']) assert.equal(bare(text), '(no domain)', text)
    assert.equal(bare('bob@x.org@y.org'), '(invalid domain)')
    assert.equal(bare('bob@x.org '), '(invalid domain)')
  })

  it('counts 1 to 1023 bytes in each part, after normalising', () => {
    assert.equal(bare(`${'a'.repeat(1023)}@${'b'.repeat(1023)}/${'c'.repeat(1023)}`).length, 2047)
    assert.equal(bare(`${'ａ'.repeat(1023)}@x.org`), `${'a'.repeat(1023)}@x.org`)
    assert.equal(bare(`${'a'.repeat(1024)}@x.org`), '(too long)')
    assert.equal(bare(`${'é'.repeat(512)}@x.org`), '(too long)')
    assert.equal(bare(`a@${'b'.repeat(1024)}`), '(too long)')
    assert.equal(bare(`a@x.org/${'é'.repeat(512)}`), '(too long)')
    assert.equal(bare(`${'\ufdfa'.repeat(4_000_000)}@x.org`), '(too long)')
  })

  it('is idempotent and never throws', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.constantFrom('@', '/', '.', 'xn--', 'ß', 'İ', 'J\u030c', 'ﬁ', '\u2126', '。', '[::1]', '127.1'),
    )
    const text = fc.array(piece, { maxLength: 6 }).map(pieces => pieces.join(''))
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          text.map(start => `${start}@example.org`),
        ),
        given => {
          const parsed = parseBareJid(given)
          if (!parsed.ok) return
          assert.deepEqual(parseBareJid(parsed.jid), parsed)
          assert.ok(!/[\s"&'<>\0]/.test(parsed.jid))
        },
      ),
      { numRuns: 3000 },
    )
  })
})

describe('normaliseDomain', () => {
  it('keeps U-labels, in lower case, without the final dot', () => {
    assert.equal(domain('MÜNCHEN.Example.'), 'münchen.example')
    assert.equal(domain('xn--mnchen-3ya.example'), 'münchen.example')
    assert.equal(domain('straße.de'), 'straße.de')
    assert.equal(domain('chat_1.localhost'), 'chat_1.localhost')
  })

  it('knows IP literals in their plain forms only', () => {
    assert.equal(domain('192.0.2.1'), '192.0.2.1')
    assert.equal(domain('[2001:DB8:0::1]'), '[2001:db8::1]')
    for (const text of [
      '127.1',
      '0x7f.1',
      '010.0.0.1',
      '2130706433',
      '300.1.1.1',
      '::1',
      '[::1%25lo]',
      '[::1',
      '[x]',
    ]) {
      assert.equal(domain(text), '(invalid domain)', text)
    }
  })

  it('refuses what a URL parser would cut off, decode or drop', () => {
    for (const character of ' \t\n\0%/\\:?#@[]<>^|&*"\'`{},;!$()+=~') {
      assert.equal(domain(`exam${character}ple.org`), '(invalid domain)', JSON.stringify(character))
    }
    for (const text of ['.', '..', 'a..b', '.a', 'x.＊', 'a\u202eb.org', '\u0301a.de', 'a\ud800.de']) {
      assert.equal(domain(text), '(invalid domain)', JSON.stringify(text))
    }
  })
})

describe('parseAccountJid and completeJid', () => {
  it('refuse the JID of a server', () => {
    assert.deepEqual(parseAccountJid('example.org'), { ok: false, problem: 'no local part' })
    assert.equal(parseAccountJid('bob@example.org').ok, true)
  })

  it('completes a local part alone, and nothing else', () => {
    const completed = (text: string) => {
      const parsed = completeJid(text, 'example.org')
      return parsed.ok ? parsed.jid : `(${parsed.problem})`
    }
    assert.equal(completed('Bob'), 'bob@example.org')
    assert.equal(completed('bob/phone@home'), 'bob@example.org')
    assert.equal(completed('bob@other.org/x'), 'bob@other.org')
    assert.equal(completed('@other.org'), '(no local part)')
    assert.equal(completed('bob@'), '(no domain)')
    assert.equal(completed(''), '(no local part)')
    assert.deepEqual(completeJid('bob', undefined), { ok: false, problem: 'no domain' })
  })
})

it('a label that no DNS name can have never reaches the encoder, whose time grows faster than its text', () => {
  const label = '字'.repeat(64)
  for (const domain of [label, `${label}.org`, `a.${label}`, `字。${label}`, '字'.repeat(3700)]) {
    assert.deepEqual(normaliseDomain(domain), { ok: false, problem: 'invalid domain' })
  }
  assert.equal(normaliseDomain(`${'字'.repeat(50)}.${'字'.repeat(50)}`).ok, true)
  assert.equal(normaliseDomain(`${'a'.repeat(100)}.${'字'.repeat(10)}`).ok, true)
})
