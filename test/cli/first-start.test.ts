import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { writeFirstRun } from '../../src/config/first-run.ts'
import { BIN, emptyDirectory, pushRelay } from './support.ts'

const run = promisify(execFile)

async function listenOn(port: number): Promise<Server> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** Held until both are known, so that they differ. */
async function freePorts(): Promise<[number, number]> {
  const servers = [await listenOn(0), await listenOn(0)]
  const [one, two] = servers.map(server => (server.address() as { port: number }).port)
  for (const server of servers) {
    server.close()
    await once(server, 'close')
  }
  return [one!, two!]
}

/** Resolves, with what it has printed, when the relay names the commands; it is stopped at the end of the test. */
async function startRelay(t: TestContext, directory: string): Promise<string> {
  const relay = spawn(process.execPath, [BIN, 'serve'], { cwd: directory, env: {}, stdio: 'pipe' })
  const exited = once(relay, 'exit')
  t.after(async () => {
    relay.kill()
    await exited
  })
  let output = ''
  relay.stderr.on('data', chunk => {
    output += chunk
  })
  await new Promise<void>((resolve, reject) => {
    relay.stdout.on('data', chunk => {
      output += chunk
      if (output.includes('first-steps')) resolve()
    })
    relay.once('exit', () => reject(new Error(`the relay ended before it had started: ${output}`)))
  })
  return output
}

const PORTS = { port: 'RELAY_PORT', simulatorPort: 'RELAY_SIMULATOR_PORT' }

for (const [whose, variable] of Object.entries(PORTS)) {
  test(`a first start whose ${whose} is taken says which it is; the next one names the commands`, async t => {
    const directory = emptyDirectory(t)
    const [port, simulatorPort] = await freePorts()
    const taken = await listenOn(whose === 'port' ? port : simulatorPort)
    t.after(() => taken.close())
    const env = { RELAY_PORT: String(port), RELAY_SIMULATOR_PORT: String(simulatorPort) }
    const ended = await pushRelay(directory, ['serve'], { env })
    assert.equal(ended.code, 1)
    assert.match(ended.stdout, /^This is the first start here/)
    assert.match(ended.stderr, new RegExp(`^push-relay cannot start: .* put ${variable}=\\d+ into .env`, 'm'))
    taken.close()
    await once(taken, 'close')
    // The ports are in .env now.
    assert.match(await startRelay(t, directory), /^Commands to try: npx push-relay first-steps$/m)
  })
}

test('the commands that it prints work when pasted', async t => {
  const directory = emptyDirectory(t)
  const [port, simulatorPort] = await freePorts()
  await writeFirstRun(directory)
  appendFileSync(join(directory, '.env'), `RELAY_PORT=${port}\nRELAY_SIMULATOR_PORT=${simulatorPort}\n`)
  await startRelay(t, directory)
  const { stdout } = await pushRelay(directory, ['first-steps'])
  const commands = stdout.slice(stdout.indexOf('HOOK_TOKEN='))
  const pasted = await run('sh', ['-c', commands], { cwd: directory }).catch(error => error)
  if (/curl: .*not found/.test(pasted.stderr)) return t.skip('curl is not installed')
  assert.equal(pasted.stderr, '')
  assert.match(pasted.stdout, /"status":"queued"/)
  assert.match(pasted.stdout, /"body": "Dinner at eight\?"/)
  assert.match(pasted.stdout, /"state":"accepted"/)
})
