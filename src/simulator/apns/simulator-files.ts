import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createServerIdentity, isValid, type ServerIdentity } from '../certificate.ts'
import { readKept, replaceFile } from '../kept-files.ts'
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
  const kept = (await readKept(keptFile, isUsable)) ?? (await createKept())
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

function isUsable({ identity, key }: Kept): boolean {
  return isValid(identity) && typeof key.keyId === 'string'
}
