import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { encodeParameters } from '../../../src/providers/prowl/parameters.ts'
import { decodeForm } from '../../../src/simulator/prowl/form.ts'
import { aNotification } from '../../support/pushes.ts'

function decoded(notification: ReturnType<typeof aNotification>): Map<string, string> {
  const parameters = decodeForm(encodeParameters(notification))
  assert.ok(typeof parameters !== 'string', String(parameters))
  return parameters
}

describe('the parameters of Prowl', () => {
  it('are cut by bytes, between two graphemes', () => {
    const family = '👩‍👩‍👧‍👦'
    const size = Buffer.byteLength(family)
    const notification = { ...aNotification(), title: family.repeat(100), body: family.repeat(1000) }
    const parameters = decoded(notification)
    for (const [name, most] of [
      ['event', 1024],
      ['description', 10_000],
    ] as const) {
      const text = parameters.get(name) ?? ''
      const kept = Math.floor((most - 3) / size)
      // Not equal(): the difference of such texts takes minutes to find.
      assert.ok(text === `${family.repeat(kept)}…`, name)
    }
  })

  it('keep what just fits', () => {
    const notification = { ...aNotification(), title: 'ä'.repeat(512), body: '好'.repeat(3333) }
    const parameters = decoded(notification)
    assert.ok(parameters.get('event') === notification.title)
    assert.ok(parameters.get('description') === notification.body)
  })

  it('link to the sender, however it is written, or to nobody', () => {
    const url = (sender: string) => decoded(aNotification({ sender })).get('url')
    assert.equal(url('alice@example.org'), 'xmpp:alice@example.org')
    assert.equal(url('a#b?c%d;e@münchen.example'), 'xmpp:a%23b%3Fc%25d%3Be@m%C3%BCnchen.example')
    assert.equal(url('example.org'), 'xmpp:example.org')
    // A link that was cut would lead to somebody else.
    assert.equal(url(`${'x'.repeat(500)}@example.org`), undefined)
    assert.equal(decoded(aNotification({}, 'none')).get('url'), undefined)
  })

  it('are percent-encoded within the limits, whatever is written', () => {
    const text = fc
      .string({ unit: 'binary', maxLength: 2000, size: 'max' })
      .map(written => written.toWellFormed())
    fc.assert(
      fc.property(text, text, (title, body) => {
        const parameters = decoded({ ...aNotification(), title, body })
        const event = parameters.get('event') ?? ''
        assert.ok(Buffer.byteLength(event) <= 1024)
        if (title.trim() !== '') assert.ok(title.startsWith(event.replace(/…$/, '')))
        assert.ok((parameters.get('description') ?? '') === body)
        assert.equal(parameters.get('priority'), '0')
      }),
      // To find the least of such texts takes minutes.
      { numRuns: 100, endOnFailure: true },
    )
  })
})
