import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { systemClock } from '../../../src/domain/clock.ts'
import { createSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { createEvents } from '../../../src/telemetry/events.ts'
import { accepted, registered } from '../../contract/store/fixtures.ts'
import { collectWorkers } from './workers.ts'

/**
 * Loses its writer thread and gets another one. Then another program opens the file, reads and closes it. Says which
 * messages were acknowledged after that and, where the system tells, whether it holds locks; and is killed.
 */
const path = process.argv[2] ?? ''
const events = createEvents()
let isRecovered = false
// What waits a second comes at once until the writer is back, and then never: an idle checkpoint must not save the day.
const after: typeof systemClock.after = (delayMs, callback) => {
  if (delayMs < 1000) return systemClock.after(delayMs, callback)
  return isRecovered ? () => {} : systemClock.after(10, callback)
}
const store = createSqliteStore({ path, dedupeWindowMs: 1, clock: { ...systemClock, after }, events })
const workers = collectWorkers()
await store.open()
await registered(store)
await accepted(store)
const recovered = new Promise<void>(resolve => {
  events.on('store.recovered', () => {
    isRecovered = true
    resolve()
  })
})
// A connection that has read holds its lock from then on.
await store.outbox()
await workers[0]?.terminate()
await recovered
await accepted(store)
const isLocked = existsSync('/proc/locks') ? holdsLock(path) && holdsLock(`${path}.lock`) : undefined
const script = `
  const db = new (require('node:sqlite').DatabaseSync)(process.argv[1])
  db.exec('SELECT count(*) FROM message')
  db.close()`
const { status } = spawnSync(process.execPath, ['-e', script, path], { stdio: 'inherit' })
if (status !== 0) throw new Error('the other program failed')
const ids: string[] = []
for (let i = 0; i < 5; i++) ids.push((await accepted(store)).id)
process.stdout.write(JSON.stringify({ ids, isLocked }), () => process.kill(process.pid, 'SIGKILL'))

function holdsLock(file: string): boolean {
  const { ino } = statSync(file)
  const lines = readFileSync('/proc/locks', 'utf8').split('\n')
  return lines.some(line => line.includes(` ${process.pid} `) && line.includes(`:${ino} `))
}
