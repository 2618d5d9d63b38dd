import type { ReadName, Reads } from '../shared/reads.ts'

/** All but what is asked for together with whether its leases are still ours. */
export type AsyncReadName = Exclude<ReadName, 'registration'>

/** What is read, when it has to be asked for over a network. */
export type AsyncReads = {
  [N in AsyncReadName]: (argument: Parameters<Reads[N]>[0]) => Promise<ReturnType<Reads[N]>>
}
