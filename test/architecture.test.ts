import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { cycles, npmPackages, type Sources, unreachable, violations } from './support/architecture-rules.ts'
import { scanImports } from './support/import-scanner.ts'

const ROOT = join(import.meta.dirname, '..')
const SRC = read('src/**/*.ts')

/** A blind checker passes everything. */
const FEWEST_FILES = 120
const FEWEST_IMPORTS = 500

test('the scanner sees the sources and what they import', () => {
  assert.ok(SRC.size >= FEWEST_FILES, `saw ${SRC.size} files`)
  const imports = [...SRC.values()].flatMap(scanImports)
  assert.ok(imports.length >= FEWEST_IMPORTS, `saw ${imports.length} imports`)
  for (const seen of ['./app.ts', './main.ts', './writer.ts', 'fastify', 'node:sqlite'])
    assert.ok(
      imports.some(({ specifier }) => specifier === seen),
      `did not see ${seen}`,
    )
})

test('nobody imports, or uses, what is not for it', () => {
  assert.deepEqual(violations(SRC), [])
})

test('no cycles', () => {
  assert.deepEqual(cycles(SRC), [])
})

test('every source is reached from the command line', () => {
  // Tests start every simulator.
  const simulators = [...SRC.keys()].filter(path => /^simulator\/[\w-]+\/[\w-]+-simulator\.ts$/.test(path))
  // env-example.ts writes .env.example, which is committed.
  const lost = unreachable(SRC, ['cli.ts', 'config/env-example.ts', ...simulators])
  // Declarations of a package's types run nowhere.
  assert.deepEqual(
    lost.filter(path => !path.endsWith('.d.ts')),
    [],
  )
})

test('what is imported is declared, and what is declared is imported', () => {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  assert.deepEqual([...npmPackages(SRC)].sort(), Object.keys(dependencies).sort())
})

test('files are small enough to be read at once', () => {
  const tooLong = (pattern: string, most: number) =>
    [...read(pattern)]
      .filter(([, source]) => source.trimEnd().split('\n').length > most)
      .map(([path]) => path)
  assert.deepEqual(tooLong('src/**/*.ts', 300), [])
  assert.deepEqual(tooLong('bench/**/*.ts', 300), [])
  assert.deepEqual(tooLong('test/**/*.ts', 400), [])
})

test('nothing is put off', () => {
  const putOff = /\b(?:TO[D]O|FIX[M]E)\b/
  const code = ['{src,test,bench}/**/*.ts', 'bin/*.mjs', 'ejabberd/**/*.{erl,yml,md}'].flatMap(glob => [
    ...read(glob),
  ])
  assert.deepEqual(
    code.filter(([, source]) => putOff.test(source)).map(([path]) => path),
    [],
  )
})

const IMPORTS: [source: string, specifier: string, isTypeOnly: boolean][] = [
  ["import 'a'", 'a', false],
  ['import "a"', 'a', false],
  ["import a from 'a'", 'a', false],
  ["import * as a from 'a'", 'a', false],
  ["import a, { type b } from 'a'", 'a', false],
  ["import {\n  type b,\n  c as d,\n} from './a.ts'", './a.ts', false],
  ["import type { b } from 'a'", 'a', true],
  ["import type b from 'a'", 'a', true],
  ["export * from 'a'", 'a', false],
  ["export type { b } from 'a'", 'a', true],
  ["  const { a } = await import('a')", 'a', false],
  ["let a: import('a').A", 'a', false],
  ['  await import(name)', '(computed)', false],
  ["  new Worker(new URL('./a.ts', import.meta.url))", './a.ts', false],
]

for (const [source, specifier, isTypeOnly] of IMPORTS)
  test(`the scanner reads ${JSON.stringify(source)}`, () => {
    assert.deepEqual(scanImports(`export { x }\n${source}\nexport const y = 'z'\n`), [
      { specifier, isTypeOnly },
    ])
  })

test('the scanner passes over comments and data', () => {
  const source = `// import 'a'\n/**\n * import 'b'\n */\nconst c = 1 // import('d')\nnew URL('../e.json', import.meta.url)\n`
  assert.deepEqual(scanImports(source), [])
})

const PLANTED: [path: string, source: string, found: string][] = [
  ['domain/jid.ts', "import '../telemetry/events.ts'", 'domain/jid.ts imports ../telemetry/events.ts'],
  ['config/config.ts', "import '../http/http.ts'", 'config/config.ts imports ../http/http.ts'],
  ['telemetry/x.ts', "import '../store/store.ts'", 'telemetry/x.ts imports ../store/store.ts'],
  ['store/store.ts', "import './sqlite/reads.ts'", 'store/store.ts imports ./sqlite/reads.ts'],
  [
    'store/sqlite/x.ts',
    "import '../../telemetry/events.ts'",
    'store/sqlite/x.ts imports ../../telemetry/events.ts',
  ],
  ['providers/apns/x.ts', "import '../fcm/fcm.ts'", 'providers/apns/x.ts imports ../fcm/fcm.ts'],
  ['http2/frames.ts', "import '../domain/jid.ts'", 'http2/frames.ts imports ../domain/jid.ts'],
  ['simulator/x.ts', "import '../providers/apns/y.ts'", 'simulator/x.ts imports ../providers/apns/y.ts'],
  ['intake/x.ts', "import '../dispatch/y.ts'", 'intake/x.ts imports ../dispatch/y.ts'],
  ['dispatch/x.ts', "import '../store/sqlite/reads.ts'", 'dispatch/x.ts imports ../store/sqlite/reads.ts'],
  ['http/x.ts', "import '../config/config.ts'", 'http/x.ts imports ../config/config.ts'],
  ['http/x.ts', "import type { A } from '../dispatch/y.ts'", 'http/x.ts imports ../dispatch/y.ts'],
  ['main.ts', "import './store/sqlite/reads.ts'", 'main.ts imports ./store/sqlite/reads.ts'],
  ['helpers/x.ts', "import '../domain/jid.ts'", 'helpers/x.ts imports ../domain/jid.ts'],
  ['domain/x.ts', "import './gone.ts'", 'domain/x.ts imports ./gone.ts'],
  ['intake/x.ts', "import 'fastify'", 'intake/x.ts imports fastify'],
  ['store/store.ts', "import 'node:sqlite'", 'store/store.ts imports node:sqlite'],
  ['http/x.ts', "import { request } from 'node:http'", 'http/x.ts imports node:http'],
  ['dispatch/x.ts', "import 'node:http2'", 'dispatch/x.ts imports node:http2'],
  ['domain/x.ts', "import 'left-pad'", 'domain/x.ts imports left-pad'],
  ['domain/x.ts', 'await import(name)', 'domain/x.ts imports (computed)'],
  ['http/x.ts', 'process.env.HOME', 'http/x.ts uses process.env'],
  ['intake/x.ts', 'Date.now()', 'intake/x.ts uses the time, a timer or chance'],
  ['dispatch/x.ts', 'setTimeout(a, 1)', 'dispatch/x.ts uses the time, a timer or chance'],
  ['domain/x.ts', "const x = await fetch('x')", 'domain/x.ts uses a socket'],
  ['domain/index.ts', 'export const x = 1', 'domain/index.ts only forwards'],
  ['domain/x.ts', "/** Words. */\nexport { a } from './jid.ts'\n", 'domain/x.ts only forwards'],
]

for (const [path, source, found] of PLANTED)
  test(`caught when planted: ${found}`, () => {
    const planted = new Map([...targetsOfPlants(), [path, source]])
    assert.deepEqual(violations(planted), [found])
  })

test('caught when planted: a cycle, and a file that nobody needs', () => {
  const sources = new Map([
    ['a.ts', "import './b.ts'"],
    ['b.ts', "import './c.ts'"],
    ['c.ts', "import './b.ts'"],
    ['d.ts', "import './a.ts'"],
  ])
  assert.deepEqual(cycles(sources), ['b.ts → c.ts → b.ts'])
  assert.deepEqual(unreachable(sources, ['a.ts']), ['d.ts'])
})

function targetsOfPlants(): [string, string][] {
  const names = [
    'domain/jid',
    'telemetry/events',
    'http/http',
    'store/store',
    'store/sqlite/reads',
    'config/config',
  ]
  const more = ['providers/fcm/fcm', 'providers/apns/y', 'dispatch/y']
  return [...names, ...more].map(name => [`${name}.ts`, 'export const x = 1'])
}

/** Sources by their path below the first folder that holds no wildcard. */
function read(pattern: string): Sources {
  const base = /^[\w-]+(?=\/)/.exec(pattern)?.[0] ?? '.'
  const paths = globSync(pattern, { cwd: ROOT }).map(path => path.replaceAll('\\', '/'))
  return new Map(
    paths
      .sort()
      .map(path => [
        base === '.' ? path : path.slice(base.length + 1),
        readFileSync(join(ROOT, path), 'utf8'),
      ]),
  )
}
