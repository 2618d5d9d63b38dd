import { promises } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { isPublicAddress } from './public-address.ts'

/** All IPv4 and IPv6 addresses that a name has now; empty when it has none. Rejects when nobody can say. */
export type ResolveAll = (hostname: string) => Promise<string[]>

/**
 * Addresses for a connection to a server of a client's choice. Refuses unless every address that the name has is public:
 * a name with one private address among others is made to be tried until that one is hit. What it answers is connected
 * to as it is, so that the name cannot change its mind between check and use.
 */
export function createCheckedLookup(
  resolveAll: ResolveAll = hostname => resolveByDns(hostname),
): LookupFunction {
  return (hostname, options, callback) => {
    findPublic(hostname, resolveAll).then(
      ([first, ...others]) => {
        if (first === undefined) callback(new LookupError('ENOTFOUND'), [])
        else if (options.all) callback(null, [first, ...others])
        else callback(null, first.address, first.family)
      },
      (error: unknown) => callback(asError(error), []),
    )
  }
}

/** Its code is for operators' eyes. */
class LookupError extends Error {
  override readonly name = 'LookupError'
  readonly code: string

  constructor(code: string) {
    super('no address to connect to')
    this.code = code
  }
}

async function findPublic(hostname: string, resolveAll: ResolveAll) {
  const addresses = isIP(hostname) === 0 ? await resolveAll(hostname) : [hostname]
  if (!addresses.every(isPublicAddress)) throw new LookupError('address-not-public')
  return addresses.map(address => ({ address, family: isIP(address) }))
}

const TIMEOUT_MS = 2000

/**
 * Asks the name servers ourselves. Node's `dns.lookup` would look into the hosts file too, which is about this network,
 * and takes one of four threads for as long as somebody's name server likes to be silent. `servers`: default the system's.
 */
export async function resolveByDns(hostname: string, servers?: readonly string[]): Promise<string[]> {
  const resolver = new promises.Resolver({ timeout: TIMEOUT_MS, tries: 2 })
  if (servers) resolver.setServers(servers)
  const found = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
  const addresses = found.flatMap(one => (one.status === 'fulfilled' ? one.value : []))
  // Some name servers fail to answer for one family. What the other one says is checked, and nothing else connected to.
  const failure = found.find(one => one.status === 'rejected' && !hasNone(one.reason))
  if (addresses.length === 0 && failure?.status === 'rejected') throw failure.reason
  return addresses
}

/** The name has no address of this kind, which is an answer. */
function hasNone(error: unknown): boolean {
  const { code } = asError(error)
  return code === 'ENODATA' || code === 'ENOTFOUND'
}

function asError(error: unknown): NodeJS.ErrnoException {
  return error instanceof Error ? error : new Error('lookup failed', { cause: error })
}
