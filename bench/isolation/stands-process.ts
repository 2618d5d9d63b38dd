import { systemClock } from '../../src/domain/clock.ts'
import { ALL_STANDS } from '../../test/support/stands/all.ts'
import type { StandIn } from '../../test/support/stands/stand.ts'
import { answerCalls } from '../system/calls.ts'
import { readStamp } from './stamp.ts'
import type { Address, Arrivals, ArrivalsWanted, Trouble } from './stands.ts'

/** So long without a push, and what is missing will not come: longer than the relay waits before it tries again. */
const SILENCE_MS = 60_000

interface Running {
  name: string
  standIn: StandIn
  /** Milliseconds from when it was due, of what came since `begin`. */
  latencies: number[]
  /** Messages that came, by their number and address. */
  seen: Set<string>
}

const started = start()
answerCalls({
  environment: async () =>
    Object.assign({}, ...(await started).map(({ standIn }) => standIn.environment())) as object,
  names: async () => (await started).map(({ name }) => name),
  newDevice: async (): Promise<Record<string, Address>> =>
    Object.fromEntries((await started).map(({ name, standIn }) => [name, standIn.newAddress()])),
  begin: async () => {
    for (const running of await started) running.latencies = []
  },
  latencies: async (): Promise<Record<string, number[]>> =>
    Object.fromEntries((await started).map(({ name, latencies }) => [name, latencies])),
  arrivals: async ({ count, except }: ArrivalsWanted) =>
    arrivals(
      (await started).filter(({ name }) => name !== except),
      count,
    ),
  afflict: async ({ name, kind }: Trouble) => afflict(await named(name), kind),
  cure: async ({ name, kind }: Trouble) => cure(await named(name), kind),
})

async function start(): Promise<Running[]> {
  const all: Running[] = []
  for (const stand of ALL_STANDS) {
    // They end with the process, and their files with the directory of the bench.
    const standIn = await stand.start({ after: () => {} }, systemClock)
    const running: Running = { name: stand.definition.name, standIn, latencies: [], seen: new Set() }
    standIn.onReceived(({ text, address }) => {
      const stamp = readStamp(text)
      running.latencies.push(stamp.latencyMs)
      running.seen.add(`${stamp.number} ${JSON.stringify(address)}`)
    })
    all.push(running)
  }
  return all
}

async function named(name: string): Promise<StandIn> {
  const found = (await started).find(running => running.name === name)
  if (found === undefined) throw new Error(`no stand-in is called ${name}`)
  return found.standIn
}

async function afflict(standIn: StandIn, kind: Trouble['kind']): Promise<void> {
  if (kind === 'refuses') await standIn.vanish()
  if (kind === 'hangs') standIn.always({ kind: 'hang' })
  if (kind === 'is slow') standIn.always({ kind: 'delay' })
}

async function cure(standIn: StandIn, kind: Trouble['kind']): Promise<void> {
  standIn.calm()
  // What hung is started anew, else its connections go on hanging.
  if (kind === 'hangs') await standIn.vanish()
  if (kind === 'hangs' || kind === 'refuses') await standIn.comeBack()
}

/** Waits until each provider has received `count` different messages in all, or nobody any for too long. */
async function arrivals(all: readonly Running[], count: number): Promise<Arrivals> {
  const { promise: silence, resolve } = Promise.withResolvers<void>()
  const total = () => all.reduce((sum, { seen }) => sum + seen.size, 0)
  let before = -1
  const timer = setInterval(() => {
    const now = total()
    if (now === before) resolve()
    before = now
  }, SILENCE_MS)
  const complete = all.map(({ standIn, seen }) => standIn.until(() => seen.size >= count))
  await Promise.race([Promise.all(complete), silence])
  clearInterval(timer)
  return Object.fromEntries(all.map(({ name, seen }) => [name, seen.size]))
}
