import { answerCalls } from '../system/calls.ts'
import { startDelayingProxy } from './delaying-proxy.ts'

export interface DelayCall {
  port: number
  roundTripMs: number
}

answerCalls({
  delay: async (call: DelayCall) => (await startDelayingProxy(call.port, call.roundTripMs)).port,
})
