import { answerCalls } from '../system/calls.ts'
import type { PartContext } from './part.ts'
import { PARTS, type PartName } from './parts.ts'

const WARM_UP_SHARE = 0.5

answerCalls({ measure })

export interface MeasureCall {
  part: PartName
  context: PartContext
  messages: number
}

/** Microseconds of CPU per message, all threads and the kernel's share included. */
async function measure({ part: name, context, messages }: MeasureCall): Promise<number> {
  const part = await PARTS[name](context)
  await part.run(messages * WARM_UP_SHARE)
  const before = process.cpuUsage()
  await part.run(messages)
  const { user, system } = process.cpuUsage(before)
  await part.close()
  return (user + system) / messages
}
