import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'

/**
 * `npm test`: every test, or those named. With CI=true, or `-- --coverage`, also the floor under the coverage, in the same
 * pass. Most tests wait for processes and sockets more than they compute, so there is one file more at a time than cores.
 */
const COVERAGE = [
  '--experimental-test-coverage',
  '--test-coverage-include=src/**/*.ts',
  '--test-coverage-lines=95',
  '--test-coverage-branches=90',
  '--test-coverage-functions=90',
]

const named = process.argv.slice(2).filter(argument => argument !== '--coverage')
const isCovered = process.env.CI === 'true' || process.argv.includes('--coverage')
const child = spawn(
  process.execPath,
  [
    '--test',
    '--test-timeout=300000',
    '--test-reporter=spec',
    `--test-concurrency=${availableParallelism() + 1}`,
    ...(isCovered && named.length === 0 ? COVERAGE : []),
    ...(named.length === 0 ? ['test/**/*.test.ts'] : named),
  ],
  { stdio: 'inherit' },
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 128)
})
