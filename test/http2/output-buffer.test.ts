import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { OutputBuffer } from '../../src/http2/output-buffer.ts'

function hexOf(write: (output: OutputBuffer) => void): string {
  const output = new OutputBuffer()
  write(output)
  return Buffer.from(output.take()).toString('hex')
}

describe('what is written to an output buffer', () => {
  it('are numbers in network order', () => {
    assert.equal(
      hexOf(output => {
        output.octet(0xff)
        output.uint16(0x0102)
        output.uint32(0x80000001)
        output.uint32(2 ** 32 - 1)
      }),
      'ff010280000001ffffffff',
    )
  })

  it('is text, one octet a character', () => {
    assert.equal(
      hexOf(output => output.text('a\u0000\u00ff')),
      '6100ff',
    )
  })

  it('is a piece of other octets', () => {
    const source = Buffer.from('abcdef')
    assert.equal(
      hexOf(output => output.bytes(source, 1, 3)),
      '6263',
    )
    assert.equal(
      hexOf(output => output.bytes(source)),
      source.toString('hex'),
    )
  })

  it('is what is written by others, no longer than they said', () => {
    assert.equal(
      hexOf(output => {
        output.octet(1)
        output.custom(10, (target, position) => target.writeUInt16BE(0xabcd, position))
        output.octet(2)
      }),
      '01abcd02',
    )
  })

  it('may be written over, taken back and forgotten', () => {
    const output = new OutputBuffer()
    output.text('0123456789')
    output.patchUint24(1, 0x414243)
    output.patchOctet(0, 0x40)
    assert.equal(output.cut(6).toString(), '6789')
    assert.equal(output.length, 6)
    assert.equal(output.take().toString(), '@ABC45')
    output.text('gone')
    output.clear()
    assert.equal(output.length, 0)
    output.text('stays')
    assert.equal(output.take().toString(), 'stays')
  })

  it('is taken back as a copy: what is written in its place does not change it', () => {
    const output = new OutputBuffer()
    output.text('head and tail')
    const tail = output.cut(4)
    output.text('!!!!!!!!!')
    assert.equal(tail.toString(), ' and tail')
  })

  it('may be as long as it likes, in any steps', () => {
    const step = fc.oneof(
      fc.record({ octet: fc.nat(255) }, { noNullPrototype: true }),
      fc.record({ uint32: fc.nat(0xffffffff) }, { noNullPrototype: true }),
      fc.record({ text: fc.nat(100_000) }, { noNullPrototype: true }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30, size: 'max' }), steps => {
        const output = new OutputBuffer()
        const expected: Buffer[] = []
        for (const [at, step] of steps.entries()) expected.push(take(output, step, at))
        const whole = Buffer.concat(expected)
        assert.equal(output.length, whole.length)
        assert.ok(output.take().equals(whole))
      }),
    )
  })
})

type Step = { octet: number } | { uint32: number } | { text: number }

/** Does the step, and answers the octets that it should have written. */
function take(output: OutputBuffer, step: Step, at: number): Buffer {
  if ('octet' in step) {
    output.octet(step.octet)
    return Buffer.from([step.octet])
  }
  if ('uint32' in step) {
    output.uint32(step.uint32)
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(step.uint32)
    return bytes
  }
  const text = String.fromCharCode(0x80 + at).repeat(step.text)
  output.text(text)
  return Buffer.from(text, 'latin1')
}

describe('what was taken', () => {
  it('stays as it is while more is written, until it is given back', () => {
    const output = new OutputBuffer()
    output.text('first')
    const first = output.take()
    output.text('SECOND')
    const second = output.take()
    output.text('_third_')
    assert.equal(first.toString(), 'first')
    assert.equal(second.toString(), 'SECOND')
    assert.equal(output.take().toString(), '_third_')
  })

  it('is written again once it was given back: two pieces of memory are enough', () => {
    const output = new OutputBuffer()
    const seen = new Set<ArrayBufferLike>()
    for (let turn = 0; turn < 20; turn++) {
      output.text(`turn ${turn}`)
      const taken = output.take()
      seen.add(taken.buffer)
      output.text('meanwhile')
      assert.equal(taken.toString(), turn === 0 ? 'turn 0' : `meanwhileturn ${turn}`)
      output.release(taken)
    }
    assert.equal(seen.size, 2)
  })

  it('is written again once only', () => {
    const output = new OutputBuffer()
    output.text('first')
    output.release(output.take())
    const taken = ['second', 'third', 'fourth'].map(text => {
      output.text(text)
      return output.take()
    })
    assert.deepEqual(
      taken.map(bytes => bytes.toString()),
      ['second', 'third', 'fourth'],
    )
  })

  it('is not kept when it had to be large', () => {
    const output = new OutputBuffer()
    output.text('x'.repeat(1024 * 1024 + 1))
    const large = output.take()
    output.release(large)
    for (let turn = 0; turn < 3; turn++) {
      output.text('small')
      const taken = output.take()
      assert.notEqual(taken.buffer, large.buffer)
      output.release(taken)
    }
  })
})
