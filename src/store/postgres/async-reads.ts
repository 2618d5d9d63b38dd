import type { ReadName, Reads } from '../shared/reads.ts'

/** What is read, when it has to be asked for over a network. */
export type AsyncReads = {
  [N in ReadName]: (argument: Parameters<Reads[N]>[0]) => Promise<ReturnType<Reads[N]>>
}
