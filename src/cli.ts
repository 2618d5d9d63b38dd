import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type MoveArguments, migrateStore, moveBetweenStores, type Said } from './cli-stores.ts'
import type { Config } from './config/config.ts'
import { describeConfig } from './config/describe-config.ts'
import { type Environment, readEnvironment } from './config/environment.ts'
import { decideFirstRun, FIRST_RUN_REPORT, SAMPLE_JWT_FILE, writeFirstRun } from './config/first-run.ts'
import { firstRunCommands } from './config/first-run-commands.ts'
import { readConfig, readStoreLocation } from './config/read-config.ts'
import type { RelayEnvironment } from './config/reading.ts'
import { configReport, startReport } from './config/reports.ts'
import { PROVIDERS } from './providers/providers.ts'

const HELP = `push-relay <command>

  serve          receive messages and push them; the first start writes a configuration to try it out
  check-config   show the configuration as it is understood, without secrets, or everything that is wrong with it
  check-store    check the database file for damage
  migrate        bring the database to the format of this release; nodes may run meanwhile
  move           move a relay to PostgreSQL: --from sqlite:<path> --to postgres://… (default: RELAY_STORE); goes on where
                 it was stopped
  first-steps    show commands that try out what the first start has set up
  vapid-keys     make the key pair for Web Push: two lines for .env
  simulator      run the APNs simulator alone
  simulator-fcm  run the FCM simulator alone (of other providers see docs/operations.md)
  help           show this

  --version      show the version

Variables are explained in .env.example.
`

const FIRST_STEPS_HINT = 'Commands to try: npx push-relay first-steps\n'

/** Only `move` has arguments. */
type Command = (given: MoveArguments) => Promise<number>

const COMMANDS: Record<string, Command> = {
  serve,
  'check-config': checkConfig,
  'check-store': checkStoreFile,
  migrate: () => withStores(environment => migrateStore(environment)),
  move: given => withStores(environment => moveBetweenStores(given, environment, tell)),
  'first-steps': firstSteps,
  'vapid-keys': vapidKeys,
  simulator,
  'simulator-fcm': simulatorFcm,
  help: async () => print(HELP),
}

const USAGE_ERROR = 2

/** Answers the exit code. After `serve` has begun to listen the process lives on by itself. */
export async function runCli(args: readonly string[]): Promise<number> {
  const command = commandOf(args)
  if (command === undefined) {
    return fail(
      `push-relay: unknown command or option; one of: ${Object.keys(COMMANDS).join(', ')}`,
      USAGE_ERROR,
    )
  }
  try {
    return await command()
  } catch (error) {
    return fail(startReport(error))
  }
}

function commandOf(args: readonly string[]): (() => Promise<number>) | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
        from: { type: 'string' },
        to: { type: 'string' },
      },
    })
    if (values.version) return async () => print(`${version()}\n`)
    const { help, version: _version, ...options } = values
    const [name = 'help', ...surplus] = help ? [] : positionals
    const isKnown = surplus.length === 0 && Object.hasOwn(COMMANDS, name)
    const takesOptions = name === 'move' || Object.keys(options).length === 0
    return isKnown && takesOptions ? () => (COMMANDS[name] as Command)(options) : undefined
  } catch {
    // parseArgs refuses options that it was not told about.
    return undefined
  }
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

async function serve(): Promise<number> {
  const directory = process.cwd()
  const found = readEnvironment(directory)
  const firstRun = decideFirstRun(found, directory)
  if (firstRun.run === 'yes') {
    await writeFirstRun(directory, found.relay)
    print(FIRST_RUN_REPORT)
  }
  const environment = firstRun.run === 'yes' ? readEnvironment(directory) : found
  const result = readConfig(environment.relay, PROVIDERS)
  if (!result.ok) {
    return fail(configReport(result.problems, firstRun.run === 'refused' ? firstRun.reason : undefined))
  }
  const isFirstRun = firstRun.run === 'yes'
  const { main } = await import('./main.ts')
  try {
    await main(isFirstRun ? { ...result.config, isFirstRun } : result.config, version())
  } catch (error) {
    return fail(startReport(error, result.config))
  }
  // The first start may have ended before it could print them.
  return print(!isFirstRun && hasFirstSteps(result.config) ? FIRST_STEPS_HINT : '')
}

async function checkConfig(): Promise<number> {
  const result = readConfig(readEnvironment().relay, PROVIDERS)
  if (!result.ok) return fail(configReport(result.problems))
  return print(`${describeConfig(result.config, PROVIDERS).join('\n')}\n`)
}

async function checkStoreFile(): Promise<number> {
  const location = readStoreLocation(readEnvironment().relay)
  if (!location) return fail('RELAY_STORE: is wrong; see push-relay check-config')
  if (location.kind !== 'sqlite') {
    return fail('check-store: reads files of SQLite; for PostgreSQL there is its own pg_amcheck')
  }
  const { checkStore } = await import('./store/sqlite/check-store.ts')
  const result = await checkStore(location.path)
  return result.ok ? print(`${result.summary}\n`) : fail(result.problem)
}

/** These say themselves what is wrong. */
async function withStores(work: (environment: RelayEnvironment) => Promise<Said>): Promise<number> {
  try {
    const { text, exitCode } = await work(readEnvironment().relay)
    return exitCode === 0 ? print(`${text}\n`) : fail(text, exitCode)
  } catch (error) {
    return fail(`push-relay: ${error instanceof Error ? error.message : error}`)
  }
}

async function firstSteps(): Promise<number> {
  const environment: Environment = readEnvironment()
  const result = readConfig(environment.relay, PROVIDERS)
  if (!result.ok) return fail(configReport(result.problems))
  if (!hasFirstSteps(result.config)) {
    return fail('first-steps: works only with what the first start sets up: the simulator and a sample user')
  }
  return print(firstRunCommands(result.config))
}

function hasFirstSteps(config: Config): boolean {
  return config.isSimulated && existsSync(SAMPLE_JWT_FILE)
}

async function vapidKeys(): Promise<number> {
  const { generateVapidKeys, vapidKeyLines } = await import('./providers/webpush/vapid-keys.ts')
  return print(vapidKeyLines(generateVapidKeys()))
}

async function simulator(): Promise<number> {
  const { runSimulator } = await import('./simulator/run-simulator.ts')
  await runSimulator()
  return 0
}

async function simulatorFcm(): Promise<number> {
  const { runFcmSimulator } = await import('./simulator/fcm/run-fcm-simulator.ts')
  await runFcmSimulator()
  return 0
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

function fail(line: string, exitCode = 1): number {
  process.stderr.write(`${line.trimEnd()}\n`)
  return exitCode
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`)
}
