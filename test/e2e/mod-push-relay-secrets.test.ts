import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createServerIdentity } from '../../src/simulator/certificate.ts'
import { Ejabberd } from './support/ejabberd.ts'
import { accept, RecordingRelay } from './support/recording-relay.ts'
import { skip } from './support/requirements.ts'

const TOKEN = 'hook-token-0123456789'
const TEXT = 'nobody-else-may-read-this'
const toBob = (id: string) =>
  `<message to="bob@localhost" id="${id}" type="chat"><body>${TEXT}</body></message>`

describe('mod_push_relay: what it tells to whom', { skip, timeout: 180_000 }, () => {
  test('an https relay gets the token only with a certificate that is trusted', async t => {
    const identity = await createServerIdentity()
    const relay = new RecordingRelay({ key: identity.privateKey, cert: identity.certificate })
    await relay.start()
    t.after(() => relay.stop())
    const ejabberd = await Ejabberd.start({ module: { url: relay.url, token: TOKEN } })
    t.after(() => ejabberd.stop())
    await ejabberd.register('alice', 'bob')
    const alice = await ejabberd.connect('alice')
    await alice.send(toBob('tls-1'))
    await ejabberd.log.waitFor('Push relay of localhost: no answer')
    assert.deepEqual(relay.requests, [])

    const caFile = join(ejabberd.folder, 'ca.pem')
    writeFileSync(caFile, identity.ca)
    await ejabberd.reload({ module: { url: relay.url, token: TOKEN, ca_file: caFile } })
    assert.equal((await relay.push('tls-1')).body, TEXT)
  })

  test('when it crashes, the log has neither text nor token, and it goes on', async t => {
    const relay = new RecordingRelay()
    await relay.start()
    t.after(() => relay.stop())
    const ejabberd = await Ejabberd.start({ module: { url: relay.url, token: TOKEN } })
    t.after(() => ejabberd.stop())
    await ejabberd.register('alice', 'bob')
    const alice = await ejabberd.connect('alice')
    relay.answering = () => ({ status: 500 })
    await alice.send(toBob('crash-1'))
    await ejabberd.log.waitFor('HTTP 500')
    // Its count of failures is made unusable, so that the next one crashes it.
    const failures = 11
    ejabberd.evaluate(
      `sys:replace_state(mod_push_relay_sender_localhost, fun(S) -> setelement(${failures}, S, broken) end)`,
    )
    await ejabberd.log.waitFor('No push for message crash-1 to bob@localhost')
    await ejabberd.log.waitFor('CRASH REPORT')
    // The supervisor answers when it has started it anew.
    ejabberd.evaluate('supervisor:which_children(ejabberd_gen_mod_sup)')
    relay.answering = accept
    await alice.send(toBob('crash-2'))
    await relay.push('crash-2')
    for (const secret of [TEXT, TOKEN]) {
      assert.deepEqual(
        ejabberd.log.all.filter(line => line.includes(secret)),
        [],
      )
    }
  })
})
