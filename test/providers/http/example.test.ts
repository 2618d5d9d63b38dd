import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../../src/domain/clock.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Lines } from '../../support/lines.ts'
import { aRegistration } from '../../support/registrations.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { aPush, SECRET, startProvider } from './support.ts'

const PAGE = readFileSync(new URL('../../../docs/providers/http.md', import.meta.url), 'utf8')
const TELL_PORT = "server.on('listening', () => console.log('port', server.address().port))\n"

async function startReceiver(t: TestContext, secret: string) {
  const [, example = ''] = /^```js\n(.*?)^```$/ms.exec(PAGE) ?? []
  const file = join(temporaryDirectory(t), 'receiver.mjs')
  writeFileSync(file, example + TELL_PORT)
  const env = { ...process.env, RELAY_HTTP_SECRET: secret, PORT: '0' }
  const receiver = spawn(process.execPath, [file], { env })
  t.after(() => receiver.kill() && once(receiver, 'close'))
  const lines = new Lines(receiver.stdout, receiver.stderr)
  return { lines, endpoint: `http://127.0.0.1:${(await lines.waitFor('port')).split(' ')[1]}/` }
}

test('the receiver of docs/providers/http.md takes what we send, and nothing else', async t => {
  const { lines, endpoint } = await startReceiver(t, SECRET)
  const clock = new FakeClock(systemClock.now())
  const { provider } = startProvider(t, endpoint, clock)

  const push = aPush()
  assert.equal((await provider.send(push)).kind, 'accepted')
  assert.equal(await lines.waitFor('device-4711'), 'device-4711: alice: Dinner at eight?')
  assert.equal((await provider.send(push)).kind, 'accepted')
  const registration = aRegistration({ token: 'uninstalled' })
  assert.equal((await provider.send(aPush({ registration }))).kind, 'unregistered')

  const stranger = startProvider(t, endpoint, clock, 'x'.repeat(32))
  assert.equal((await stranger.provider.send(aPush())).kind, 'blocked')
  for (const ms of [-301_000, 301_000]) {
    const late = startProvider(t, endpoint, new FakeClock(systemClock.now() + ms))
    assert.equal((await late.provider.send(aPush())).kind, 'blocked')
  }
  assert.equal((await provider.send(aPush())).kind, 'accepted')
  assert.equal(lines.all.filter(line => line.startsWith('device-4711')).length, 2)
})

test('it takes a secret without whsec_ as the key, as the relay does', async t => {
  const secret = 'abcdefghijklmnopqrstuvwxyz012345'
  const { endpoint } = await startReceiver(t, secret)
  const { provider } = startProvider(t, endpoint, new FakeClock(systemClock.now()), secret)
  assert.equal((await provider.send(aPush())).kind, 'accepted')
})
