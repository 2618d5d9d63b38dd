export interface Import {
  /** As written: './lane.ts', 'node:net', 'fastify', or COMPUTED. */
  specifier: string
  /** Erased before the code runs. */
  isTypeOnly: boolean
}

/** `import(x)`, whose target a scanner cannot know. */
export const COMPUTED = '(computed)'

const QUOTED = `['"]([^'"]+)['"]`
const STATIC = new RegExp(
  `^(?:import|export)\\s+(type\\s+)?(?:[\\w$*,\\s]*(?:\\{[^}]*\\})?\\s*from\\s+)?${QUOTED}`,
  'gm',
)
const DYNAMIC = new RegExp(`\\bimport\\(\\s*(?:${QUOTED})?`, 'g')
// How a worker thread is named: it runs that file as surely as an import would.
const WORKER = new RegExp(`\\bnew URL\\(\\s*${QUOTED}, import\\.meta\\.url`, 'g')

/** What a module asks for, by its text alone: TypeScript 7 has no API to ask, and Node erases the types' imports. */
export function scanImports(source: string): Import[] {
  const code = withoutComments(source)
  return [
    ...Array.from(code.matchAll(STATIC), ([, type, specifier = COMPUTED]) => ({
      specifier,
      isTypeOnly: type !== undefined,
    })),
    ...Array.from(code.matchAll(DYNAMIC), ([, specifier = COMPUTED]) => ({ specifier, isTypeOnly: false })),
    ...Array.from(code.matchAll(WORKER), ([, specifier = COMPUTED]) => ({
      specifier,
      isTypeOnly: false,
    })).filter(({ specifier }) => specifier.endsWith('.ts')),
  ]
}

/** By lines, as the formatter leaves them: a real tokenizer is what it takes to tell a comment from '/*' in a string. */
export function withoutComments(source: string): string {
  return source
    .split('\n')
    .map(line => (/^\s*(?:\/\/|\/\*|\*(?:[\s/]|$))/.test(line) ? '' : line.replace(/\s\/\/ .*$/, '')))
    .join('\n')
}
