import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normaliseDomain, parseAccountJid, parseBareJid } from '../../src/domain/jid.ts'
import { isZeropushRecipient, zeropushRecipient } from '../../src/domain/zeropush-recipient.ts'

test('a token always stands under the same name, which does not tell it', () => {
  assert.equal(zeropushRecipient('aaaa'), '61be55a8e2f6b4e172338bddf184d6db@zeropush.invalid')
  assert.ok(isZeropushRecipient(zeropushRecipient('aaaa')))
  for (const other of [
    '61be55a8e2f6b4e172338bddf184d6db@zeropush.example',
    'bob@zeropush.invalid',
    '',
    'x',
  ]) {
    assert.equal(isZeropushRecipient(other), false)
  }
})

test('no JID can be such a name, however it is written', () => {
  const local = '61be55a8e2f6b4e172338bddf184d6db'
  for (const domain of [
    'zeropush.invalid',
    'ZeroPush.Invalid',
    'zeropush.invalid.',
    'ｚeropush.invalid',
    'zeropush。invalid',
  ]) {
    assert.deepEqual(parseBareJid(`${local}@${domain}`), { ok: false, problem: 'invalid domain' }, domain)
    assert.equal(parseAccountJid(`${local}@${domain}/phone`).ok, false)
    assert.equal(normaliseDomain(domain).ok, false)
  }
  assert.ok(parseBareJid('bob@other.invalid').ok)
})
