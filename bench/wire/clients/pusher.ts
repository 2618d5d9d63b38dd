import type { PreparedPush } from '../pushes.ts'
import type { Target } from '../target.ts'

/** A client with one connection. */
export interface Pusher {
  /** Rejects unless the server answered 200. */
  push(index: number): Promise<void>
  close(): Promise<void>
}

export type StartPusher = (target: Target, pushes: readonly PreparedPush[]) => Pusher
