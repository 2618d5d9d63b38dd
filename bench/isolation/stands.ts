import { Child } from '../system/child.ts'

/** What a device is registered with, beside its provider. */
export type Address = Readonly<Record<string, unknown>>

export interface Trouble {
  name: string
  kind: 'refuses' | 'hangs' | 'is slow'
}

/** Different messages that came to each provider. */
export type Arrivals = Record<string, number>

export interface ArrivalsWanted {
  count: number
  /** Provider that is not waited for. */
  except?: string
}

/** The simulators of all providers, in one process of their own. */
export interface Stands {
  names: readonly string[]
  /** What makes a relay use them. */
  environment: Readonly<Record<string, string>>
  newDevice(): Promise<Record<string, Address>>
  /** From now on latencies are written down. */
  begin(): Promise<void>
  /** Those of each provider since `begin`, in milliseconds. */
  latencies(): Promise<Record<string, number[]>>
  /** Resolves when each provider has `count` different messages in all, or, with fewer, when none comes any more. */
  arrivals(wanted: ArrivalsWanted): Promise<Arrivals>
  afflict(trouble: Trouble): Promise<void>
  cure(trouble: Trouble): Promise<void>
  stop(): Promise<void>
}

/**
 * They keep what they received, and to look through that took them up to 50 ms at a time, which looked like the relay's doing:
 * a small young generation is soon looked through, and an old one with room for all of a run never is.
 */
const SHORT_COLLECTIONS = ['--max-semi-space-size=1', '--initial-heap-size=4000']

export async function startStands(directory: string): Promise<Stands> {
  const child = new Child({
    script: new URL('stands-process.ts', import.meta.url),
    nodeOptions: SHORT_COLLECTIONS,
    cwd: directory,
    // Where it puts its files.
    env: { TMPDIR: directory },
  })
  try {
    return {
      names: await child.call<string[]>('names'),
      environment: await child.call<Record<string, string>>('environment'),
      newDevice: () => child.call('newDevice'),
      begin: () => child.call<void>('begin'),
      latencies: () => child.call('latencies'),
      arrivals: wanted => child.call('arrivals', wanted),
      afflict: trouble => child.call<void>('afflict', trouble),
      cure: trouble => child.call<void>('cure', trouble),
      stop: () => child.stop(),
    }
  } catch (error) {
    await child.stop()
    throw error
  }
}
