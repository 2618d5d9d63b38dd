import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { createServer, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { answer, identity, startClient } from './support/pool-rig.ts'
import { ScriptedServer } from './support/scripted-server.ts'

const run = promisify(execFile)
const ASK_ONCE = join(import.meta.dirname, 'support/ask-once.ts')

async function startServer(t: TestContext) {
  const server = await ScriptedServer.start(await identity, answer)
  t.after(() => server.stop())
  const caFile = join(temporaryDirectory(t), 'ca.pem')
  writeFileSync(caFile, (await identity).ca)
  return { origin: server.origin, caFile }
}

describe('TLS', () => {
  it('verifies the server, though the environment tells Node not to', async t => {
    const { origin } = await startServer(t)
    const env = { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0' }
    const { stdout } = await run(process.execPath, [ASK_ONCE, origin], { env })
    assert.match(stdout, /^not-processed (?:SELF_SIGNED|UNABLE_TO|DEPTH_ZERO)/)
  })

  it('finds the server also where Node asks for one address only', async t => {
    const { origin, caFile } = await startServer(t)
    const options = ['--no-network-family-autoselection', ASK_ONCE, origin, caFile]
    assert.equal((await run(process.execPath, options)).stdout, '200')
  })

  it('is not negotiated anew (RFC 9113 §9.2.1)', async t => {
    const { privateKey: key, certificate: cert } = await identity
    const server = createServer({ key, cert, ALPNProtocols: ['h2'], maxVersion: 'TLSv1.2' })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.after(() => server.close())
    const address = server.address()
    assert.ok(address !== null && typeof address === 'object')
    const { client, ask } = await startClient(t, `https://localhost:${address.port}`)
    const waiting = ask(1)
    const [socket] = (await once(server, 'secureConnection')) as [TLSSocket]
    const outcome = await new Promise(resolve => {
      socket.once('error', resolve)
      socket.once('close', () => resolve('closed'))
      socket.renegotiate({}, error => resolve(error ?? 'renegotiated'))
    })
    assert.notEqual(outcome, 'renegotiated')
    socket.destroy()
    await client.close()
    await waiting
  })
})
