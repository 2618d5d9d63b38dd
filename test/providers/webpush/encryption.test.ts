import assert from 'node:assert/strict'
import { createECDH } from 'node:crypto'
import { test } from 'node:test'
import { encryptFor, encryptWith, plaintextBytes } from '../../../src/providers/webpush/encryption.ts'

/** RFC 8291, appendix A. */
const RFC = {
  plaintext: 'When I grow up, I want to be a watermelon',
  auth: 'BTBZMqHH6r4Tts7J_aSIgg',
  receiver: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
  senderPrivate: 'yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw',
  salt: 'DGv6ra1nlYgDCS1FRnbzlw',
  body:
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl' +
    '7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
}
const bytes = (text: string) => Buffer.from(text, 'base64url')
const keys = { p256dh: bytes(RFC.receiver), auth: bytes(RFC.auth) }

test('the example of RFC 8291 comes out octet for octet', () => {
  const key = createECDH('prime256v1')
  key.setPrivateKey(bytes(RFC.senderPrivate))
  const body = encryptWith({ key, salt: bytes(RFC.salt) }, keys, Buffer.from(RFC.plaintext))
  assert.equal(body.toString('base64url'), RFC.body)
})

test('every message has a key and a salt of its own', () => {
  const [first, second] = [1, 2].map(() => encryptFor(keys, Buffer.from('the same'), 4096))
  assert.notDeepEqual(first?.subarray(0, 16), second?.subarray(0, 16))
  assert.notDeepEqual(first?.subarray(21, 86), second?.subarray(21, 86))
})

test('bodies have one of eight lengths, and the longest is what every service takes', () => {
  const lengthOf = (length: number, most = 4096) => encryptFor(keys, Buffer.alloc(length, 'x'), most).length
  assert.equal(plaintextBytes(4096), 3993)
  assert.deepEqual(
    [1, 300, 512].map(length => lengthOf(length)),
    [615, 615, 615],
  )
  assert.deepEqual(
    [513, 1024].map(length => lengthOf(length)),
    [1127, 1127],
  )
  assert.deepEqual(
    [3585, 3993].map(length => lengthOf(length)),
    [4096, 4096],
  )
  assert.equal(lengthOf(2600, 2744), 2744)
  const lengths = Array.from({ length: 3994 }, (_, length) => length).filter(length => length % 37 === 0)
  assert.equal(new Set(lengths.filter(length => length > 0).map(length => lengthOf(length))).size, 8)
})
