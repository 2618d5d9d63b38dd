import { answerCalls } from '../system/calls.ts'
import { CLIENTS, type ClientName } from './clients/clients.ts'
import type { Pusher } from './clients/pusher.ts'
import { type FixedRate, pace } from './pace.ts'
import { PUSHES } from './pushes.ts'
import { type FullLoad, saturate } from './saturate.ts'
import type { Target } from './target.ts'

export interface ConnectCall {
  client: ClientName
  target: Target
}

let pusher: Pusher | undefined

answerCalls({
  async connect({ client, target }: ConnectCall) {
    pusher = CLIENTS[client](target, PUSHES)
    // Connected is what has been answered.
    await pusher.push(0)
  },
  saturate: (load: FullLoad) => saturate(connected(), load),
  pace: (rate: FixedRate) => pace(connected(), rate),
  async disconnect() {
    await connected().close()
    pusher = undefined
  },
})

function connected(): Pusher {
  if (pusher === undefined) throw new Error('not connected')
  return pusher
}
