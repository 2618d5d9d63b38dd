import { isIP } from 'node:net'

/**
 * IPv4 networks that are not the public internet: IANA's special-purpose registry (RFC 6890 and what came after it),
 * multicast (RFC 5771), class E, and one of a cloud.
 */
const CLOSED_IPV4 = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8',
  '100.64.0.0/10', // shared by carriers, RFC 6598; some clouds keep their metadata here
  '127.0.0.0/8',
  '169.254.0.0/16', // link-local, cloud metadata
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16',
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
  // Microsoft, "What is IP address 168.63.129.16?": the host below every virtual machine of Azure.
  '168.63.129.16/32',
]

/** Of IPv6 only what IANA has given out as global unicast, and IPv4 behind a translator (RFC 6052, checked like IPv4). */
const OPEN_IPV6 = ['2000::/3', '64:ff9b::/96']

const CLOSED_IPV6 = [
  '2001::/23', // protocol assignments: Teredo, benchmarks, ORCHID
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4: an IPv4 address of anybody's choice
  '3fff::/20', // documentation, RFC 9637
  ...CLOSED_IPV4.map(behindTranslator),
]

interface Network {
  bits: bigint
  /** Bits of an address that say nothing about the network. */
  rest: bigint
}

const closedIpv4 = CLOSED_IPV4.map(parseNetwork)
const openIpv6 = OPEN_IPV6.map(parseNetwork)
const closedIpv6 = CLOSED_IPV6.map(parseNetwork)

/**
 * Whether a packet to this address goes to the public internet. False for what is no address. IPv6 that stands for IPv4
 * in another way than a translator's (mapped, compatible, 6to4, Teredo) is never what a push service is found under.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !isInAny(ipv4Bits(address), closedIpv4)
  // A zone (fe80::1%eth0) names an interface of this machine.
  if (family !== 6 || address.includes('%')) return false
  const bits = ipv6Bits(address)
  return isInAny(bits, openIpv6) && !isInAny(bits, closedIpv6)
}

function isInAny(address: bigint, networks: readonly Network[]): boolean {
  return networks.some(({ bits, rest }) => address >> rest === bits)
}

function parseNetwork(text: string): Network {
  const [address = '', length] = text.split('/')
  const isIpv4 = isIP(address) === 4
  const rest = BigInt((isIpv4 ? 32 : 128) - Number(length))
  return { bits: (isIpv4 ? ipv4Bits(address) : ipv6Bits(address)) >> rest, rest }
}

function behindTranslator(network: string): string {
  const [address, length] = network.split('/')
  return `64:ff9b::${address}/${96 + Number(length)}`
}

function ipv4Bits(address: string): bigint {
  return joinBits(address.split('.').map(Number), 8n)
}

/** The URL parser writes every spelling of an address as hexadecimal groups with one `::` at the most (URL Standard). */
function ipv6Bits(address: string): bigint {
  const [head = '', tail = ''] = new URL(`https://[${address}]`).hostname.slice(1, -1).split('::')
  const [first, last] = [groupsOf(head), groupsOf(tail)]
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => 0)
  return joinBits([...first, ...zeros, ...last], 16n)
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16))
}

function joinBits(parts: readonly number[], width: bigint): bigint {
  return parts.reduce((bits, part) => (bits << width) | BigInt(part), 0n)
}
