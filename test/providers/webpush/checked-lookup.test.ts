import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { describe, it } from 'node:test'
import { createCheckedLookup, type ResolveAll } from '../../../src/providers/webpush/checked-lookup.ts'

type Found = { code: string } | LookupAddress[]

function lookUp(resolveAll: ResolveAll, name = 'push.example.org'): Promise<Found> {
  return new Promise(resolve => {
    createCheckedLookup(resolveAll)(name, { all: true }, (error, addresses) => {
      resolve(error ? { code: error.code ?? '' } : (addresses as LookupAddress[]))
    })
  })
}

const REFUSED = { code: 'address-not-public' }

describe('addresses to connect to', () => {
  it('are all that the name has, when all are public', async () => {
    assert.deepEqual(await lookUp(async () => ['8.8.8.8', '2606:4700::1']), [
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700::1', family: 6 },
    ])
  })

  for (const address of [
    '127.0.0.1',
    '10.1.2.3',
    '169.254.169.254',
    '::1',
    '::ffff:10.0.0.1',
    'fe80::1',
    'fd00::1',
  ]) {
    it(`are none when one of them is ${address}, first or last`, async () => {
      assert.deepEqual(await lookUp(async () => [address]), REFUSED)
      assert.deepEqual(await lookUp(async () => [address, '8.8.8.8']), REFUSED)
      assert.deepEqual(await lookUp(async () => ['8.8.8.8', '2606:4700::1', address]), REFUSED)
    })
  }

  it('are asked for anew each time, and checked anew', async () => {
    const answers = [['8.8.8.8'], ['127.0.0.1']]
    const resolveAll = async () => answers.shift() ?? []
    assert.deepEqual(await lookUp(resolveAll), [{ address: '8.8.8.8', family: 4 }])
    assert.deepEqual(await lookUp(resolveAll), REFUSED)
  })

  it('come one at a time for whoever wants one', (_, done) => {
    createCheckedLookup(async () => ['8.8.8.8'])('push.example.org', {}, (error, address, family) => {
      assert.equal(error, null)
      assert.equal(address, '8.8.8.8')
      assert.equal(family, 4)
      done()
    })
  })

  it('that stand in an endpoint are checked without asking anybody', async () => {
    const never = async () => assert.fail('asked')
    assert.deepEqual(await lookUp(never, '127.0.0.1'), REFUSED)
    assert.deepEqual(await lookUp(never, '8.8.8.8'), [{ address: '8.8.8.8', family: 4 }])
  })

  it('are missing when the name has none, or nobody can say', async () => {
    assert.deepEqual(await lookUp(async () => []), { code: 'ENOTFOUND' })
    const failing = async () => Promise.reject(Object.assign(new Error('x'), { code: 'ETIMEOUT' }))
    assert.deepEqual(await lookUp(failing), { code: 'ETIMEOUT' })
  })

  it('of something that is no address are refused', async () => {
    assert.deepEqual(await lookUp(async () => ['8.8.8.8', 'localhost']), REFUSED)
  })
})
