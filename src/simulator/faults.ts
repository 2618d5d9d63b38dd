import { BadInputError } from './bad-input.ts'
import type { Fault, FaultStatus, Faults } from './fault.ts'
import { parseFault } from './fault-input.ts'

const MAX_FAULTS = 100

interface ArmedFault extends FaultStatus {
  passed: number
  /** Percent saved up; a strike costs 100. */
  credit: number
}

export function createFaults(): Faults {
  let armed: ArmedFault[] = []
  let nextId = 1

  function arm(fault: Fault): ArmedFault {
    return { id: nextId++, fault: parseFault(fault), strikes: 0, passed: 0, credit: 0 }
  }

  function put(faults: ArmedFault[]): void {
    if (faults.length > MAX_FAULTS) throw new BadInputError(`more than ${MAX_FAULTS} faults`)
    armed = faults
  }

  return {
    add(fault) {
      const added = arm(fault)
      put([...armed, added])
      return added.id
    },
    replace: faults => put(faults.map(arm)),
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

function fits({ fault, strikes }: ArmedFault, token: string, topic: string): boolean {
  const isOver = fault.times !== undefined && strikes >= fault.times
  return (
    !isOver &&
    (fault.token ?? token).toLowerCase() === token &&
    (fault.topic === undefined || fault.topic === topic)
  )
}

function strikesNow(armed: ArmedFault): boolean {
  if (armed.passed < (armed.fault.after ?? 0)) {
    armed.passed += 1
    return false
  }
  armed.credit += armed.fault.percent ?? 100
  if (armed.credit < 100) return false
  armed.credit -= 100
  armed.strikes += 1
  return true
}
