import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { freePorts } from '../../support/ports.ts'
import { identity } from './asking.ts'
import { ContainedProcess } from './contained-process.ts'
import { NGHTTPD } from './kinds.ts'
import { writeIdentity } from './server.ts'
import { FILES } from './server-kind.ts'

export interface Nghttpd {
  origin: string
  /** Verbose: each frame is a line. */
  process: ContainedProcess
}

/** nghttpd with these options and files, until the test ends. */
export async function startNghttpd(
  t: TestContext,
  options: readonly string[],
  files: Record<string, Buffer> = {},
): Promise<Nghttpd> {
  const folder = mkdtempSync(join(tmpdir(), 'push-relay-nghttpd-'))
  const [port] = (await freePorts(1)) as [number]
  writeIdentity(folder, await identity)
  mkdirSync(join(folder, 'served'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, 'served', name), content)
  const fixed = ['--verbose', '--address=127.0.0.1', `--htdocs=${folder}/served`, ...options]
  const server = new ContainedProcess(
    [NGHTTPD.binary, ...fixed, String(port), FILES.key, FILES.certificate],
    folder,
  )
  t.after(async () => {
    await server.kill()
    rmSync(folder, { recursive: true, force: true })
  })
  await server.output.waitFor('listen 127.0.0.1')
  return { origin: `https://localhost:${port}`, process: server }
}
