/** Calls from the bench to a process that it started, over Node's own channel between them. */
export interface Call {
  id: number
  name: string
  argument: unknown
}

export type Answer = { id: number; value: unknown } | { id: number; error: string }

export type Handlers = Record<string, (argument: never) => unknown>

/** The called end. The process ends with the bench, however that ends. */
export function answerCalls(handlers: Handlers): void {
  process.on('message', (call: Call) => void answer(handlers, call))
  process.on('disconnect', () => process.exit())
}

async function answer(handlers: Handlers, { id, name, argument }: Call): Promise<void> {
  const handler = handlers[name]
  // A call that another listener of this process answers.
  if (handler === undefined) return
  try {
    send({ id, value: await handler(argument as never) })
  } catch (error) {
    send({ id, error: String(error) })
  }
}

function send(answer: Answer): void {
  process.send?.(answer)
}
