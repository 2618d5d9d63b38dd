import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseForm } from '../../../src/http/zeropush/form.ts'
import { parseModZeropush } from '../../../src/http/zeropush/mod-zeropush.ts'

const FORMS: [text: string, fields: unknown][] = [
  ['', {}],
  ['a', { a: '' }],
  ['a=1&b=2', { a: '1', b: '2' }],
  ['a=b=c', { a: 'b=c' }],
  ['a[]=1', { a: ['1'] }],
  ['a[]=1&a[]=2&a=3', { a: ['1', '2', '3'] }],
  ['a=1&a=2&a=3', { a: ['1', '2', '3'] }],
  ['a[0]=x&a[1]=y', { a: ['x', 'y'] }],
  ['a[1]=x', { a: { 1: 'x' } }],
  ['a[b][c]=1&a[b][d]=2', { a: { b: { c: '1', d: '2' } } }],
  ['a[b][]=1&a[b][]=2', { a: { b: ['1', '2'] } }],
  ['a[][b]=1&a[][b]=2', { a: [{ b: '1' }, { b: '2' }] }],
  ['a[][b]=1&a[][c]=2&a[][b]=3', { a: [{ b: '1', c: '2' }, { b: '3' }] }],
  // Not brackets of ours: the name is what it is.
  ['a[b=1&]x[=2&[c]=3', { 'a[b': '1', ']x[': '2', '[c]': '3' }],
  ['a%5Bb%5D=%2B1&c=+1', { a: { b: '+1' }, c: ' 1' }],
  ['a=%zz%4', { a: '%zz%4' }],
]

test('a form is read as Rails and PHP write it', () => {
  for (const [text, fields] of FORMS) assert.deepEqual(parseForm(text), { ok: true, fields }, text)
  for (const text of ['a=1&a[b]=2', 'a[b]=2&a=1', 'a[b]=1&a[b][c]=2', 'a=%ff', `a${'[b]'.repeat(8)}=1`]) {
    assert.equal(parseForm(text).ok, false, text)
  }
})

test('a name such as __proto__ is one like any other', () => {
  const parsed = parseForm(
    '__proto__[polluted]=1&a[__proto__][polluted]=1&constructor[prototype][polluted]=1',
  )
  assert(parsed.ok)
  assert.deepEqual(Object.keys(parsed.fields), ['__proto__', 'a', 'constructor'])
  assert.equal(Object.hasOwn({}, 'polluted') || 'polluted' in {}, false)
  assert.equal('polluted' in (parsed.fields.a as object), false)
})

test('no bytes make a parser throw', () => {
  const bytes = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', '[', ']', '=', '&', '%', '0', '+', 'ÿ') }),
    fc.uint8Array().map(array => Buffer.from(array).toString('latin1')),
  )
  fc.assert(
    fc.property(bytes, text => {
      parseForm(text)
      parseModZeropush(text)
      parseModZeropush(`alert=${text}&badge=%2B1&sound=${text}&channel=&info[from]=&auth_token=${text}`)
    }),
    { numRuns: 2000 },
  )
})
