import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startDispatch } from '../support/dispatch-harness.ts'

describe('after a restart', () => {
  it('an environment reason is the fault of the registration where a push once succeeded before', async t => {
    const { provider, dispatcher, newDispatcher, register, post, seen } = await startDispatch(t)
    await register()
    const settled = seen('message.settled')
    await post({ stanzaId: 'before' })
    await settled
    await dispatcher.stop(1000)
    await post({ stanzaId: 'between' })

    const next = newDispatcher()
    t.after(() => next.stop(0))
    await next.load()
    next.start()
    await provider.pushed(2)
    assert.deepEqual(
      provider.pushes.map(({ scopeProven }) => scopeProven),
      [false, true],
    )
  })

  it('a push that was refused has proven nothing', async t => {
    const { provider, dispatcher, newDispatcher, register, post, seen } = await startDispatch(t)
    await register()
    provider.script = () => ({ kind: 'rejected', status: 400, reason: 'BadTopic' })
    const settled = seen('message.settled')
    await post({ stanzaId: 'before' })
    await settled
    await dispatcher.stop(1000)
    await post({ stanzaId: 'between' })

    const next = newDispatcher()
    t.after(() => next.stop(0))
    await next.load()
    next.start()
    await provider.pushed(2)
    assert.equal(provider.pushes[1]?.scopeProven, false)
  })
})
