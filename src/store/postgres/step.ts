import type { WriteContext } from './write-context.ts'

/** A part of a batch; parts are run in order. */
export interface Step {
  /** Nothing of it waits for an answer: it can be sent together with the commit. */
  readonly isOneWay: boolean
  run(context: WriteContext): Promise<void>
}
