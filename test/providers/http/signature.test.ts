import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseSecret, signatureHeaders } from '../../../src/providers/http/signature.ts'

describe('the signature', () => {
  it('is the one of the test vector of Standard Webhooks', () => {
    const key = keyOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
    const body = Buffer.from('{"test": 2432232314}')
    assert.deepEqual(signatureHeaders(key, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330_999, body), {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })

  it('is over the octets of the body', () => {
    const body = Buffer.from('{"a":"ü👍"}')
    const sign = (signed: Buffer) => signatureHeaders(Buffer.alloc(32), 'id', 0, signed)['webhook-signature']
    assert.notEqual(sign(body), sign(Buffer.from(body.toString('latin1'))))
    assert.equal(sign(body), sign(Buffer.from(body.toString())))
  })
})

describe('the secret', () => {
  it('is base64 after whsec_, else the text itself', () => {
    const key = Buffer.alloc(24, 7)
    assert.deepEqual(keyOf(`whsec_${key.toString('base64')}`), key)
    assert.deepEqual(
      keyOf('0123456789abcdef0123456789abcdef'),
      Buffer.from('0123456789abcdef0123456789abcdef'),
    )
  })

  it('is refused when it is too short, too long or damaged', () => {
    const bad = [
      'x'.repeat(31),
      'x'.repeat(257),
      `${'x'.repeat(31)} `,
      'ä'.repeat(32),
      `whsec_${Buffer.alloc(23).toString('base64')}`,
      `whsec_${Buffer.alloc(65).toString('base64')}`,
      `whsec_${Buffer.alloc(32).toString('base64').slice(0, -1)}`,
      `whsec_${Buffer.alloc(33, 255).toString('base64url')}`,
      `whsec_${'*'.repeat(44)}`,
      'whsec_',
    ]
    for (const text of bad) {
      const parsed = parseSecret(text)
      assert.ok(!parsed.ok, text)
      assert.ok(text === 'whsec_' || !parsed.problems.join().includes(text))
    }
  })
})

function keyOf(text: string): Buffer {
  const parsed = parseSecret(text)
  assert.ok(parsed.ok)
  return parsed.value
}
