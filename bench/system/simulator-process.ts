import type { ApnsSimulator } from '../../src/simulator/apns/apns-simulator.ts'
import { loadSimulatorFiles } from '../../src/simulator/apns/simulator-files.ts'
import { runSimulator } from '../../src/simulator/run-simulator.ts'
import { answerCalls } from './calls.ts'
import type { Arrivals, SimulatorFacts, SimulatorOptions } from './simulator.ts'

/** So long without a push, and what is missing will not come: longer than the relay waits before it tries to connect again. */
const SILENCE_MS = 60_000

const started = start()
answerCalls({
  facts: async () => (await started).facts,
  arrivals: async (count: number) => arrivals((await started).simulator, count),
  vanish: async () => vanish((await started).simulator),
  acceptConnections: async () => (await started).simulator.acceptConnections(),
})

async function start(): Promise<{ simulator: ApnsSimulator; facts: SimulatorFacts }> {
  const directory = process.cwd()
  const options = JSON.parse(process.argv[2] ?? '{}') as SimulatorOptions
  const { simulator } = await runSimulator({
    port: 0,
    controlPort: 0,
    directory,
    // Every relay of the bench begins with an empty store, and so with a new provider token.
    tokenUpdateWindowMs: 0,
    pushedIds: 1_000_000,
    phones: { perPhone: 1 },
    ...options,
    print: () => {},
  })
  const { caFile, keyFile, key } = await loadSimulatorFiles(directory)
  const { keyId, teamId } = key
  return { simulator, facts: { url: simulator.url, caFile, keyFile, keyId, teamId } }
}

/** Waits until phones have received `count` pushes in all, or none for too long. */
async function arrivals(simulator: ApnsSimulator, count: number): Promise<Arrivals> {
  const { promise: silence, resolve } = Promise.withResolvers<void>()
  let seen = -1
  const timer = setInterval(() => {
    const { received } = simulator.stats()
    if (received === seen) resolve()
    seen = received
  }, SILENCE_MS)
  await Promise.race([simulator.received(count), silence])
  clearInterval(timer)
  const { ids, received } = simulator.stats()
  return { received, distinct: ids.distinct, repeated: ids.repeated }
}

function vanish(simulator: ApnsSimulator): void {
  simulator.refuseConnections()
  simulator.dropConnections()
}
