import { Child } from '../system/child.ts'
import type { ConnectCall } from './client-process.ts'
import type { ClientName } from './clients/clients.ts'
import type { FixedRate, PacedLatencies } from './pace.ts'
import type { FullLoad, Throughput } from './saturate.ts'
import type { Target } from './target.ts'

/** Who is compared: each in a process of its own, with one connection. */
export interface Contender {
  readonly name: string
  connect(target: Target): Promise<void>
  /** So that what is measured next finds everything as it is in the long run. */
  warmUp(load: FullLoad): Promise<void>
  saturate(load: FullLoad): Promise<Throughput>
  disconnect(): Promise<void>
  stop(): Promise<void>
}

export interface PacedContender extends Contender {
  readonly name: ClientName
  pace(rate: FixedRate): Promise<PacedLatencies>
}

export function startClient(name: ClientName, directory: string): PacedContender {
  const child = new Child({ script: new URL('client-process.ts', import.meta.url), cwd: directory })
  return {
    name,
    connect: target => child.call('connect', { client: name, target } satisfies ConnectCall),
    warmUp: load => child.call('saturate', load),
    saturate: load => child.call<Throughput>('saturate', load),
    pace: rate => child.call<PacedLatencies>('pace', rate),
    disconnect: () => child.call('disconnect'),
    stop: () => child.stop(),
  }
}
