import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startReport } from '../../src/config/reports.ts'

function portInUse(port: number): Error {
  const message = `listen EADDRINUSE: address already in use 127.0.0.1:${port}`
  return Object.assign(new Error(message), { code: 'EADDRINUSE', port })
}

const PORTS = { port: 8080, simulatorPort: 8081 }

test('of a port in use it is said which variable moves it', () => {
  assert.match(startReport(portInUse(8080), PORTS), /the relay's own: put RELAY_PORT=18080 into \.env/)
  assert.match(
    startReport(portInUse(8081), PORTS),
    /the simulator's: put RELAY_SIMULATOR_PORT=18081 into \.env/,
  )
})

test('no variable is named for the ports of a simulator that runs alone, which none moves', () => {
  assert.equal(
    startReport(portInUse(8454)),
    'push-relay cannot start: listen EADDRINUSE: address already in use 127.0.0.1:8454 (another program listens there already)',
  )
})
