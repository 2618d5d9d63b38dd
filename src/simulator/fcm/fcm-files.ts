import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createServerIdentity, isValid, type ServerIdentity } from '../certificate.ts'
import { readKept, replaceFile } from '../kept-files.ts'
import { generateServiceAccount, type ServiceAccountKey } from './service-account.ts'

/** What a simulator keeps over a restart, so that relays that trust it need not be told anything new. */
export interface FcmFiles {
  identity: ServerIdentity
  account: ServiceAccountKey
  /** Absolute. */
  directory: string
  caFile: string
}

type Kept = Pick<FcmFiles, 'identity' | 'account'>

/** Reads what an earlier run left in `directory`, or makes it: `simulator.json` (0600) and `ca.pem`. */
export async function loadFcmFiles(directory: string): Promise<FcmFiles> {
  const folder = resolve(directory)
  const keptFile = join(folder, 'simulator.json')
  const kept: Kept = (await readKept(keptFile, isUsable)) ?? {
    identity: await createServerIdentity(),
    account: generateServiceAccount(),
  }
  const caFile = join(folder, 'ca.pem')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await replaceFile(keptFile, JSON.stringify(kept, null, 2), 0o600)
  await replaceFile(caFile, kept.identity.ca, 0o644)
  return { ...kept, directory: folder, caFile }
}

/** `service-account.json` (0600), as the Firebase console would give it. Answers its path. */
export async function writeServiceAccount({ directory }: FcmFiles, content: string): Promise<string> {
  const file = join(directory, 'service-account.json')
  await replaceFile(file, content, 0o600)
  return file
}

function isUsable({ identity, account }: Kept): boolean {
  return isValid(identity) && typeof account.keyId === 'string'
}
