import { Child } from './child.ts'

/** What a relay needs to know of it. */
export interface SimulatorFacts {
  url: string
  caFile: string
  keyFile: string
  keyId: string
  teamId: string
}

/** What phones have received: all pushes, different apns-ids, and how many of these came more than once. */
export interface Arrivals {
  received: number
  distinct: number
  repeated: number
}

export interface Simulator {
  facts: SimulatorFacts
  /** Resolves when `count` pushes have arrived in all, or, with fewer, when none comes any more. */
  arrivals(count: number): Promise<Arrivals>
  /** Cuts every connection and takes none until `acceptConnections`. */
  vanish(): Promise<void>
  acceptConnections(): Promise<void>
  stop(): Promise<void>
}

/** Streams before the first right push of a connection; default 1, as with Apple. */
export interface SimulatorOptions {
  initialStreamLimit?: number
}

/** The APNs simulator as a process of its own. */
export async function startSimulator(directory: string, options: SimulatorOptions = {}): Promise<Simulator> {
  const child = new Child({
    script: new URL('simulator-process.ts', import.meta.url),
    args: [JSON.stringify(options)],
    cwd: directory,
  })
  try {
    return {
      facts: await child.call<SimulatorFacts>('facts'),
      arrivals: count => child.call<Arrivals>('arrivals', count),
      vanish: () => child.call<void>('vanish'),
      acceptConnections: () => child.call<void>('acceptConnections'),
      stop: () => child.stop(),
    }
  } catch (error) {
    await child.stop()
    throw error
  }
}
