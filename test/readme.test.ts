import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { allVariables } from '../src/config/all-variables.ts'
import { writeFirstRun } from '../src/config/first-run.ts'
import { SHUTDOWN_MS } from '../src/config/read-config.ts'
import { systemClock } from '../src/domain/clock.ts'
import { DELIVERY_STATES } from '../src/domain/delivery.ts'
import { IGNORE_REASONS, MESSAGE_STATES } from '../src/domain/offline-message.ts'
import { OUTCOME_KINDS } from '../src/domain/outcome.ts'
import { errors } from '../src/http/errors.ts'
import { REQUESTS_SHARE } from '../src/http/http.ts'
import { PROVIDERS } from '../src/providers/providers.ts'
import { DRAIN_SHARE } from '../src/start-dispatch.ts'
import { createEvents } from '../src/telemetry/events.ts'
import { createMetrics } from '../src/telemetry/metrics-subscriber.ts'
import { BIN, emptyDirectory, pushRelay } from './cli/support.ts'
import { freePorts } from './support/ports.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PAGES = globSync('**/*.md', { cwd: ROOT, exclude: ['node_modules/**', 'data/**'] }).sort()

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** What `pattern` finds in any page, with the page: `name in page`. */
function mentions(pattern: RegExp): { name: string; page: string }[] {
  return PAGES.flatMap(page =>
    [...read(page).matchAll(pattern)].map(match => ({ name: match[1] ?? match[0], page })),
  )
}

test('there are pages to check', () => {
  assert.ok(PAGES.includes('README.md') && PAGES.includes(join('docs', 'operations.md')))
  assert.ok(PAGES.length > 20)
})

test('every npm script that a page names exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const named = mentions(/\bnpm (?:run )?(start|test|(?<=run )[a-z][a-z:-]*)\b/g)
  assert.ok(named.length > 5)
  for (const { name, page } of named) assert.ok(name in scripts, `npm run ${name} in ${page}`)
})

test('every command of push-relay that a page names exists', async t => {
  const { stdout } = await pushRelay(emptyDirectory(t), ['help'])
  const named = mentions(/npx push-relay ([a-z-]+)/g)
  assert.ok(named.length > 0)
  for (const { name, page } of named) assert.match(stdout, new RegExp(`^ {2}${name} `, 'm'), page)
})

test('every relative link leads somewhere, its heading included', () => {
  const links = mentions(/\]\((?!https?:)([^)\s]+)\)/g)
  assert.ok(links.length > 20)
  for (const { name, page } of links) {
    const [path = '', heading] = name.split('#')
    const target = path === '' ? page : join(dirname(page), path)
    assert.ok(existsSync(join(ROOT, target)), `${name} in ${page}`)
    if (heading !== undefined) assert.ok(headingsOf(target).includes(heading), `${name} in ${page}`)
  }
})

/** As GitHub makes anchors of headings. */
function headingsOf(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test('every RELAY_ name is a variable or the code of an error', () => {
  const codes = Object.values(errors).map(
    RelayError => new (RelayError as unknown as new () => { code: string })().code,
  )
  const known = [...allVariables(PROVIDERS).map(({ name }) => name as string), ...codes]
  const named = mentions(/RELAY_[A-Z0-9_]+\*?/g)
  assert.ok(named.length > 50)
  for (const { name, page } of named) {
    const prefix = name.endsWith('*') ? name.slice(0, -1) : undefined
    const exists = prefix === undefined ? known.includes(name) : known.some(other => other.startsWith(prefix))
    assert.ok(exists, `${name} in ${page}`)
  }
})

test('operations.md explains every metric, and no page names one that is none', async () => {
  const sources = {
    store: { outbox: async () => ({ pending: 0 }) },
    inMemory: () => 0,
    clock: systemClock,
    providers: ['apns'],
  }
  const text = await createMetrics(createEvents(), sources).text()
  const metrics = [...text.matchAll(/^# HELP (relay_\w+)/gm)].map(match => match[1] ?? '')
  const explained = read('docs/operations.md')
  for (const metric of metrics) assert.ok(explained.includes(`\`${metric}`), metric)
  for (const { name, page } of mentions(/`(relay_[a-z_]+)/g)) {
    assert.ok(metrics.includes(name), `${name} in ${page}`)
  }
})

test('operations.md explains every state, outcome and reason', () => {
  const explained = read('docs/operations.md')
  for (const word of [...MESSAGE_STATES, ...DELIVERY_STATES, ...OUTCOME_KINDS, ...IGNORE_REASONS]) {
    assert.ok(explained.includes(`| \`${word}\``), word)
  }
})

test('README and operations.md tell how long a stop takes', () => {
  const whole = SHUTDOWN_MS / 1000
  const [requests, attempts] = [REQUESTS_SHARE, DRAIN_SHARE].map(share => Number((whole * share).toFixed(1)))
  const stop = /^\*\*Stop\.\*\* .*?\n\n/ms.exec(read('docs/operations.md'))?.[0].replaceAll('\n', ' ') ?? ''
  for (const said of [
    `requests under way may finish (${requests} s)`,
    `attempts under way may finish (${attempts} s)`,
    `After ${whole} s the process ends in any case`,
  ]) {
    assert.ok(stop.includes(said), said)
  }
  const said = `what is under way has ${attempts} s to finish, the rest waits on disk, and after ${whole} s it ends anyway`
  assert.ok(read('README.md').includes(said), said)
})

test('README names what .ci/run installs for the tests', () => {
  const installed = /^readonly PACKAGES=\((.*?)\)/ms.exec(read('.ci/run'))?.[1]?.match(/\S+/g) ?? []
  const quoted = [...sectionOf('Tests').matchAll(/`([^`]+)`/g)].map(match => match[1] ?? '')
  const named = quoted.filter(name => !['npm test', '.ci/run'].includes(name))
  assert.ok(installed.length > 5)
  assert.deepEqual([...new Set(named)].sort(), installed.sort())
})

interface Block {
  language: string
  text: string
}

/** The fenced blocks of a section of README. */
function blocksOf(heading: string): Block[] {
  return [...sectionOf(heading).matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({
    language,
    text,
  }))
}

function sectionOf(heading: string): string {
  return new RegExp(`^## ${heading}\n(.*?)(?=^## )`, 'ms').exec(read('README.md'))?.[1] ?? ''
}

// A reader waits a second. A busy machine may need longer, and an error must not pass unseen.
const AS_PASTED = `set -e
curl() { command curl --fail --max-time 30 "$@"; }
sleep() {
  until curl -sS "$RELAY/health" -H "Authorization: Bearer $ADMIN_TOKEN" | grep -q '"pending":0'; do command sleep 0.1; done
}
`
const END_OF_BLOCK = '--- end of block ---'
const LONGEST_MS = 120_000

test('the commands under "Try it" answer as README says', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'push-relay-readme-'))
  const ports = (await freePorts(2)) as [number, number]
  const relay = await startRelay(directory, ports)
  t.after(relay.stop)
  const blocks = blocksOf('Try it')
  const commands = blocks.filter(({ language }) => language === 'sh')
  assert.ok(commands.length > 5)
  const script = commands.map(({ text }) => `${text}echo '${END_OF_BLOCK}'\n`).join('')
  const pasted = await run('sh', ['-c', AS_PASTED + withPorts(script, ports)], {
    cwd: directory,
    timeout: LONGEST_MS,
  }).catch(error => error)
  if (/curl: .*not found/.test(pasted.stderr)) return t.skip('curl is not installed')
  assert.equal(pasted.stderr, '')
  const answers = String(pasted.stdout).split(`${END_OF_BLOCK}\n`)
  assert.equal(answers.length, commands.length + 1)
  for (const [index, answer] of answers.slice(0, -1).entries()) {
    const shown = blocks[blocks.indexOf(commands[index]!) + 1]
    if (shown === undefined || shown.language === 'sh') continue
    assert.deepEqual(comparable(shown.language, answer), comparable(shown.language, shown.text))
  }
})

function withPorts(script: string, [port, simulatorPort]: [number, number]): string {
  assert.ok(script.includes(':8080') && script.includes(':8081'))
  return script.replaceAll(':8080', `:${port}`).replaceAll(':8081', `:${simulatorPort}`)
}

/** Without what differs from run to run: ids, instants, durations. */
function comparable(language: string, text: string): unknown {
  const steady = text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'id')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'instant')
    .replace(/"durationMs":[\d.]+/g, '"durationMs":0')
  // As text: the order of the keys counts, too.
  if (language === 'json') return JSON.stringify(JSON.parse(steady))
  return steady.split('\n').map(line => line.trim())
}

/** As the first start leaves it, but for the ports. Resolves when it listens. */
async function startRelay(directory: string, [port, simulatorPort]: [number, number]) {
  await writeFirstRun(directory)
  appendFileSync(join(directory, '.env'), `RELAY_PORT=${port}\nRELAY_SIMULATOR_PORT=${simulatorPort}\n`)
  const relay = spawn(process.execPath, [BIN, 'serve'], { cwd: directory, env: {}, stdio: 'pipe' })
  const exited = once(relay, 'exit')
  const stop = async () => {
    relay.kill()
    await exited
    rmSync(directory, { recursive: true })
  }
  let output = ''
  await new Promise<void>((resolve, reject) => {
    for (const stream of [relay.stdout, relay.stderr]) {
      stream.on('data', chunk => {
        output += chunk
        if (output.includes('"msg":"started"')) resolve()
      })
    }
    relay.once('exit', () => reject(new Error(`the relay ended before it had started: ${output}`)))
  })
  return { stop }
}
