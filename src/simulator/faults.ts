import { BadInputError, type Check } from './bad-input.ts'
import type { Fault, Faults } from './fault.ts'
import { parseFault } from './fault-input.ts'
import { type Armed, arm, isOver, strikesNow } from './strikes.ts'

const MAX_FAULTS = 100

/** `tokenCheck`: what can be a token; default Apple's. */
export function createFaults(tokenCheck?: Check): Faults {
  let armed: Armed<Fault>[] = []
  let nextId = 1

  const parsed = (fault: Fault) => arm(nextId++, parseFault(fault, tokenCheck))

  function put(faults: Armed<Fault>[]): void {
    if (faults.length > MAX_FAULTS) throw new BadInputError(`more than ${MAX_FAULTS} faults`)
    armed = faults
  }

  return {
    add(fault) {
      const added = parsed(fault)
      put([...armed, added])
      return added.id
    },
    replace: faults => put(faults.map(parsed)),
    remove(id) {
      const before = armed.length
      armed = armed.filter(fault => fault.id !== id)
      return armed.length < before
    },
    clear() {
      armed = []
    },
    list: () => armed.map(({ id, fault, strikes }) => ({ id, fault, strikes })),
    strike(token, topic) {
      return armed.find(fault => fits(fault, token, topic) && strikesNow(fault))?.fault
    },
  }
}

function fits(armed: Armed<Fault>, token: string, topic: string): boolean {
  const { fault } = armed
  return (
    !isOver(armed) &&
    (fault.token ?? token).toLowerCase() === token.toLowerCase() &&
    (fault.topic === undefined || fault.topic === topic)
  )
}
