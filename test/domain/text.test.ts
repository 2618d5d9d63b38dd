import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { cutText } from '../../src/domain/text.ts'

describe('cutting a text', () => {
  it('leaves a text that fits', () => {
    assert.equal(cutText('hello', 5), 'hello')
    assert.equal(cutText('', 0), '')
  })

  it('ends in an ellipsis that fits', () => {
    assert.equal(cutText('hello world', 8), 'hello…')
    assert.equal(cutText('hello', 2), '')
  })

  it('never cuts a grapheme in two', () => {
    const family = '👩‍👩‍👧‍👦'
    assert.equal(cutText(`ab${family}${family}`, 2 + Buffer.byteLength(family) + 3), `ab${family}…`)
    assert.equal(cutText(`ab${family}`, 2 + Buffer.byteLength(family) - 1), 'ab…')
    assert.equal(cutText('e\u0301e\u0301', 5), '')
    assert.equal(cutText('e\u0301e\u0301', 6), 'e\u0301e\u0301')
    assert.equal(cutText('🇩🇪🇫🇷x', 12), '🇩🇪…')
  })

  it('divides a row of flags between flags, wherever the cut falls', () => {
    const flags = '🇩🇪🇫🇷🇮🇹'.repeat(40)
    for (let limit = 8; limit < Buffer.byteLength(flags); limit++) {
      const kept = cutText(flags, limit).slice(0, -1)
      assert.equal(kept.length % 4, 0, `limit ${limit}`)
    }
  })

  it('cuts a pile of marks that is longer than any real grapheme on a code point', () => {
    const zalgo = `a${'\u0301'.repeat(500)}`
    const cut = cutText(zalgo, 400)
    assert.ok(cut.length > 100 && Buffer.byteLength(cut) <= 400)
  })

  it('keeps to the limit and stays well-formed for any text', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 300, size: 'max' })
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 400 }), (whole, limit) => {
        const cut = cutText(whole, limit)
        assert.ok(Buffer.byteLength(cut) <= limit)
        assert.ok(cut === whole || cut === '' || (cut.endsWith('…') && whole.startsWith(cut.slice(0, -1))))
        assert.ok(!whole.isWellFormed() || cut.isWellFormed())
      }),
    )
  })
})
