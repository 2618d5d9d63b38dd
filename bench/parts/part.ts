import type { SimulatorFacts } from '../system/simulator.ts'

/** A part of the relay, alone in a process of its own. */
export interface Part {
  run(messages: number): Promise<void>
  close(): Promise<void>
}

export interface PartContext {
  directory: string
  simulator: SimulatorFacts
}

export type StartPart = (context: PartContext) => Part | Promise<Part>
