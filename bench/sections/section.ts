import type { Scale } from '../scale.ts'

export interface SectionContext {
  scale: Scale
  /** For databases: what is durable depends on its file system. */
  directory: string
}

/** Answers Markdown. Throws when the relay did something wrong; being slow is no error. */
export type Section = (context: SectionContext) => Promise<string>
