import { closeSync, fdatasyncSync, openSync, statfsSync, writeSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { Latencies } from './load/latencies.ts'
import { milliseconds } from './markdown.ts'
import { withDirectory } from './system/temporary-directory.ts'

/** In one line, where figures come from: a figure without its machine says little. */
export async function describeMachine(directory: string): Promise<string> {
  const syncs = await syncLatencies(directory)
  const [usual, worst] = [0.5, 0.99].map(share => milliseconds(syncs.percentile(share)))
  return [
    describeProcessor(),
    `${fileSystem(directory)}, where writing and syncing 4 KiB takes ${usual} ms, at p99 ${worst} ms`,
  ].join('; ')
}

/** The same without its disk. */
export function describeProcessor(): string {
  const [first] = cpus()
  return [
    `${first?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores`,
    `${Math.round(totalmem() / 2 ** 30)} GiB`,
    `${process.platform}, Node ${process.versions.node}`,
  ].join('; ')
}

// f_type of statfs(2) on Linux.
const FILE_SYSTEMS: Record<number, string> = {
  61267: 'ext4',
  1481003842: 'XFS',
  2435016766: 'Btrfs',
  801189825: 'ZFS',
  16914836: 'tmpfs (nothing is durable there: choose another --directory)',
  2035054128: 'overlayfs',
}

function fileSystem(directory: string): string {
  const { type } = statfsSync(directory)
  return FILE_SYSTEMS[type] ?? `file system of type 0x${type.toString(16)}`
}

const SYNCS = 500

function syncLatencies(parent: string): Promise<Latencies> {
  return withDirectory(parent, async directory => {
    const file = openSync(join(directory, 'sync'), 'w')
    const page = Buffer.alloc(4096, 1)
    const latencies = new Latencies()
    for (let index = 0; index < SYNCS; index++) {
      const startedAt = performance.now()
      writeSync(file, page)
      fdatasyncSync(file)
      latencies.add(performance.now() - startedAt)
    }
    closeSync(file)
    return latencies
  })
}

export const QUICK_NOTE = '--quick shows that it works; the figures mean nothing.'
