import { X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { systemClock } from '../../domain/clock.ts'
import { createServerIdentity, type ServerIdentity } from '../certificate.ts'
import { type ApnsKey, generateApnsKey } from './apns-key.ts'

/** What a simulator keeps over a restart, so that relays that trust it need not be told anything new. */
export interface SimulatorFiles {
  identity: ServerIdentity
  key: ApnsKey
  /** Absolute. */
  caFile: string
  keyFile: string
}

interface Kept {
  identity: ServerIdentity
  key: ApnsKey
}

/** Reads what an earlier run left in `directory`, or makes it: `simulator.json` (0600), `ca.pem`, `AuthKey_<id>.p8` (0600). */
export async function loadSimulatorFiles(directory: string): Promise<SimulatorFiles> {
  const folder = resolve(directory)
  const keptFile = join(folder, 'simulator.json')
  const kept = (await readKept(keptFile)) ?? (await createKept())
  const caFile = join(folder, 'ca.pem')
  const keyFile = join(folder, `AuthKey_${kept.key.keyId}.p8`)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await replaceFile(keptFile, JSON.stringify(kept, null, 2), 0o600)
  await replaceFile(caFile, kept.identity.ca, 0o644)
  await replaceFile(keyFile, kept.key.privateKey, 0o600)
  return { ...kept, caFile, keyFile }
}

async function createKept(): Promise<Kept> {
  return { identity: await createServerIdentity(), key: generateApnsKey() }
}

/** Undefined when there is none, or one that cannot be used: all of it can be made again. */
async function readKept(file: string): Promise<Kept | undefined> {
  try {
    const kept = JSON.parse(await readFile(file, 'utf8')) as Kept
    const validUntil = new X509Certificate(kept.identity.certificate).validToDate.getTime()
    return typeof kept.key.keyId === 'string' && validUntil > systemClock.now() ? kept : undefined
  } catch {
    return undefined
  }
}

async function replaceFile(file: string, content: string, mode: number): Promise<void> {
  const temporary = `${file}.new`
  await writeFile(temporary, content, { mode })
  await rename(temporary, file)
}
