import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerIdentity } from '../../src/simulator/certificate.ts'
import { countEndedChild } from '../system/child.ts'
import { cpuMicrosOf } from '../system/process-cpu.ts'
import { NGHTTPD } from './debian-tools.ts'
import { DEVICES, pathOf } from './pushes.ts'

/** As many as Apple allows. */
const STREAMS = 1000
/**
 * The window of a connection. By default it is 64 KiB, credited at the half: over 150 ms that is 600 pushes per second,
 * whoever pushes and however many streams he has.
 */
const WINDOW_BITS = 24
const START_LIMIT_MS = 10_000

export interface Nghttpd {
  port: number
  stop(): Promise<void>
}

/** nghttp2's own server. It answers 200 to a POST when it finds a file by that path, so there is an empty one per device. */
export async function startNghttpd(directory: string, identity: ServerIdentity): Promise<Nghttpd> {
  const documents = join(directory, 'documents')
  for (let index = 0; index < DEVICES; index++) writeFile(join(documents, pathOf(index)), '')
  const key = join(directory, 'nghttpd.key')
  const certificate = join(directory, 'nghttpd.pem')
  writeFile(key, identity.privateKey)
  writeFile(certificate, identity.certificate)
  const port = await freePort()
  const options = [
    '--address=127.0.0.1',
    `--connection-window-bits=${WINDOW_BITS}`,
    `--htdocs=${documents}`,
    `--max-concurrent-streams=${STREAMS}`,
  ]
  const server = spawn(NGHTTPD, [...options, String(port), key, certificate], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const kill = () => server.kill('SIGKILL')
  process.once('exit', kill)
  const stop = async () => {
    process.off('exit', kill)
    await end(server)
  }
  try {
    await listening(server, port)
  } catch (error) {
    await stop()
    throw error
  }
  return { port, stop }
}

function writeFile(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content, { mode: 0o600 })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

// It says nothing when it is ready.
async function listening(server: ChildProcess, port: number): Promise<void> {
  for (const startedAt = performance.now(); performance.now() - startedAt < START_LIMIT_MS; await sleep(20)) {
    if (hasEnded(server)) break
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch {
      // Not yet.
    } finally {
      socket.destroy()
    }
  }
  throw new Error('nghttpd does not listen')
}

async function end(server: ChildProcess): Promise<void> {
  if (hasEnded(server)) return
  const exited = once(server, 'exit')
  countEndedChild(cpuMicrosOf(server.pid))
  server.kill('SIGTERM')
  await exited
}

function hasEnded(server: ChildProcess): boolean {
  return server.pid === undefined || server.exitCode !== null || server.signalCode !== null
}
