import { mebibytes, milliseconds, number, table } from '../markdown.ts'
import type { FileFigures } from './measure.ts'
import type { FileSize } from './scale.ts'

interface Line {
  title: string
  of(figures: FileFigures): number
  write(value: number): string
}

const ms = (title: string, of: Line['of']): Line => ({ title, of, write: milliseconds })
const rate = (title: string, of: Line['of']): Line => ({ title, of, write: number })
const MiB = (title: string, of: Line['of']): Line => ({ title, of, write: mebibytes })

const LINES: readonly Line[] = [
  MiB('file, MiB', ({ fileBytes }) => fileBytes),
  ms('start: until it listens, ms', ({ relay }) => relay.listening),
  ms('… until the first message is accepted', ({ relay }) => relay.firstAccept),
  ms('stop', ({ relay }) => relay.stop),
  MiB('resident memory after the start, MiB', ({ relay }) => relay.startedRssBytes),
  MiB('… after the messages below', ({ relay }) => relay.workedRssBytes),
  ms('`GET /v1/devices` of a recipient, ms', ({ relay }) => relay.devices),
  ms('a single post, one after the other', ({ relay }) => relay.post),
  ms('`GET /health` with an admin token', ({ relay }) => relay.health),
  rate('arrays of 100 posted, messages/s', ({ relay }) => relay.acceptedPerSecond),
  rate('store: accepted/s, batches of 200', ({ store }) => store.acceptedPerSecond),
  ms('… the slowest batch, checkpoints included, ms', ({ store }) => store.slowestBatch),
  rate('… settled/s', ({ store }) => store.settledPerSecond),
  rate('… registered/s', ({ store }) => store.registeredPerSecond),
  ms('… registrations of a recipient, ms', ({ store }) => store.registrations),
  ms('… how much is pending, at first', ({ store }) => store.outboxAtFirst),
  ms('… the same, asked again', ({ store }) => store.outbox),
  ms('… whether anything is unbegun', ({ store }) => store.hasUnbegun),
  ms('… scopes with waiting deliveries', ({ store }) => store.waitingScopes),
  ms('… trace of a message', ({ store }) => store.trace),
  ms('… list: of a recipient', ({ store }) => store.listRecipient),
  ms('… list: pending', ({ store }) => store.listPending),
  ms('… list: accepted', ({ store }) => store.listAccepted),
  ms('… claim 500 messages', ({ store }) => store.claimMessages),
  ms('… claim 500 deliveries', ({ store }) => store.claimDeliveries),
  ms('… release leases', ({ store }) => store.releaseLeases),
  ms('… expire: nothing', ({ store }) => store.nothingExpires),
  ms('… expire: 500 deliveries', ({ store }) => store.expire),
  ms('… purge: nothing', ({ store }) => store.nothingToPurge),
  ms('… purge: 500 traces', ({ store }) => store.purge),
  ms('… open', ({ store }) => store.open),
  ms('… close, which folds the log into the file', ({ store }) => store.close),
]

/** A column for each size, and beside it the ratio to the first. */
export function tableOf(files: readonly FileFigures[]): string {
  const head = files.flatMap(({ size }, index) => (index === 0 ? [nameOf(size)] : [nameOf(size), '×']))
  const rows = LINES.map(({ title, of, write }) => {
    const values = files.map(of)
    const [first = Number.NaN] = values
    return [
      title,
      ...values.flatMap((value, index) =>
        index === 0 ? [write(value)] : [write(value), ratio(value / first)],
      ),
    ]
  })
  return table(['registrations', ...head], rows)
}

export function nameOf({ registrations, pending }: FileSize): string {
  const name = registrations.toLocaleString('en')
  return pending === 0 ? name : `${name}, and ${pending.toLocaleString('en')} messages pending`
}

function ratio(value: number): string {
  return value < 10 ? value.toFixed(2) : number(value)
}

/** What a row takes: of a registration, and of a message that waits. */
export function describeRows(files: readonly FileFigures[]): string {
  const largest = files.filter(({ size }) => size.pending === 0).at(-1)
  const backlog = files.find(({ size }) => size.pending > 0)
  const [empty] = files
  if (largest === undefined || backlog === undefined || empty === undefined) return ''
  const perRegistration = (largest.fileBytes - empty.fileBytes) / largest.size.registrations
  const registered = empty.fileBytes + perRegistration * backlog.size.registrations
  const perPending = (backlog.fileBytes - registered) / backlog.size.pending
  return `A registration takes ${number(perRegistration)} bytes of the file, a pending message ${number(perPending)}.`
}
