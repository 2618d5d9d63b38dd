import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Child } from '../system/child.ts'
import type { ProviderEnvironment } from '../system/relay.ts'
import { withDirectory } from '../system/temporary-directory.ts'
import { filled } from './accounts.ts'
import { measureAtRelay, type RelayFigures } from './at-relay.ts'
import type { StoreCall, StoreFigures } from './at-store.ts'
import type { Exemplars } from './exemplars.ts'
import { fillFile } from './fill.ts'
import type { FileSize, LimitsScale } from './scale.ts'

export interface FileFigures {
  size: FileSize
  fileBytes: number
  relay: RelayFigures
  store: StoreFigures
}

export interface Setting {
  scale: LimitsScale
  exemplars: Exemplars
  /** Of a provider that cannot be reached. */
  providers: ProviderEnvironment
}

/** Makes a file of this size, measures what uses it, and removes it. */
export function measureFile(parent: string, size: FileSize, setting: Setting): Promise<FileFigures> {
  const { scale, exemplars, providers } = setting
  return withDirectory(parent, async directory => {
    const path = join(directory, 'relay.db')
    await fillFile(path, size, exemplars)
    const fileBytes = statSync(path).size
    const relay = await measureAtRelay({ path, size, scale }, providers)
    const store = await callStore(directory, {
      path,
      ...(size.registrations > 0 ? { accounts: filled(size.registrations) } : {}),
      scope: exemplars.scope,
      scale,
    })
    return { size, fileBytes, relay, store }
  })
}

async function callStore(cwd: string, call: StoreCall): Promise<StoreFigures> {
  const child = new Child({ script: new URL('store-process.ts', import.meta.url), cwd })
  try {
    return await child.call<StoreFigures>('measure', call)
  } finally {
    await child.stop()
  }
}
