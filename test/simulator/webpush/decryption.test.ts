import assert from 'node:assert/strict'
import { createECDH } from 'node:crypto'
import { test } from 'node:test'
import { encryptWith } from '../../../src/providers/webpush/encryption.ts'
import { decrypt } from '../../../src/simulator/webpush/decryption.ts'

const bytes = (text: string) => Buffer.from(text, 'base64url')

/** RFC 8291, appendix A. */
function rfcBrowser() {
  const key = createECDH('prime256v1')
  key.setPrivateKey(bytes('q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94'))
  return { key, auth: bytes('BTBZMqHH6r4Tts7J_aSIgg') }
}
const BODY = bytes(
  'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl' +
    '7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
)

test('the example of RFC 8291', () => {
  assert.equal(decrypt(BODY, rfcBrowser()).toString(), 'When I grow up, I want to be a watermelon')
})

test('what the relay encrypts, of every length, padded or not', () => {
  const browser = rfcBrowser()
  const keys = { p256dh: browser.key.getPublicKey(), auth: browser.auth }
  const key = createECDH('prime256v1')
  key.generateKeys()
  for (const length of [0, 1, 2, 511, 512, 3992, 3993]) {
    const plaintext = Buffer.alloc(length, 2)
    assert.deepEqual(decrypt(encryptWith({ key }, keys, plaintext), browser), plaintext)
    assert.deepEqual(decrypt(encryptWith({ key, paddedTo: 3993 }, keys, plaintext), browser), plaintext)
  }
})

test('nothing that was changed, for another browser, or cut off', () => {
  for (let index = 0; index < BODY.length; index++) {
    const changed = Buffer.from(BODY)
    changed.writeUInt8(changed.readUInt8(index) ^ 1, index)
    // Bits of the record size say only how long records may be.
    if (index < 16 || index > 19) assert.throws(() => decrypt(changed, rfcBrowser()), `octet ${index}`)
    assert.throws(() => decrypt(BODY.subarray(0, index), rfcBrowser()), `${index} octets`)
  }
  const other = createECDH('prime256v1')
  other.generateKeys()
  assert.throws(() => decrypt(BODY, { ...rfcBrowser(), key: other }))
  assert.throws(() => decrypt(BODY, { ...rfcBrowser(), auth: Buffer.alloc(16) }))
})

test('no second record', () => {
  const changed = Buffer.from(BODY)
  changed.writeUInt32BE(30, 16)
  assert.throws(() => decrypt(changed, rfcBrowser()), /more than one record/)
})
