import { fuzzRound, newSeed } from './run.ts'

/** `npm run fuzz -- <minutes> [seed]`; with a seed only that round, to see again what it has found. */
const [minutes = '1', seed] = process.argv.slice(2)
const end = performance.now() + Number(minutes) * 60_000
do console.log(await fuzzRound(seed === undefined ? newSeed() : Number(seed)))
while (seed === undefined && performance.now() < end)
