import type { TooMany } from '../../store/zeropush-registry.ts'
import { errors } from '../errors.ts'
import type { Fields } from './form.ts'
import { readText } from './reading.ts'

/** What one device may be in. */
export const MAX_CHANNELS = 100
/** A bare JID is no longer (RFC 7622 §3). */
const MAX_CHANNEL_BYTES = 2047
const CONTROLS = /\p{Cc}/u

/** To whom a broadcast goes; undefined: to everybody. An empty one, and JSON's null, is an error: somebody's name got lost. */
export function readAudience(fields: Fields): string | undefined {
  if (fields.channel === null) throw new errors.invalidRequest('channel must not be null')
  return readChannel(fields)
}

export function readChannel(fields: Fields): string | undefined {
  const channel = readText(fields, 'channel', MAX_CHANNEL_BYTES)
  return channel === undefined ? undefined : checked(channel, 'channel')
}

export function requireChannel(fields: Fields): string {
  const channel = readChannel(fields)
  if (channel === undefined) throw new errors.invalidRequest('channel is required')
  return channel
}

/** Comma-separated, or a list; an empty text is an empty list. */
export function readChannelList(fields: Fields): string[] {
  const { channel_list: list } = fields
  if (list === undefined || list === null) throw new errors.invalidRequest('channel_list is required')
  const texts = typeof list === 'string' ? list.split(',') : list
  if (!Array.isArray(texts) || texts.some(text => typeof text !== 'string')) {
    throw new errors.invalidRequest('channel_list must be a text, with commas between the channels')
  }
  const names = texts.map((text: string) => text.trim()).filter(name => name !== '')
  return [...new Set(names.map(name => checked(name, 'channel_list')))]
}

function checked(channel: string, name: string): string {
  const isGood =
    channel.trim() !== '' && Buffer.byteLength(channel) <= MAX_CHANNEL_BYTES && !CONTROLS.test(channel)
  if (!isGood)
    throw new errors.invalidRequest(`${name} must name a channel, in ${MAX_CHANNEL_BYTES} bytes at most`)
  return channel
}

const EXCESS = {
  'too-many-channels': `a device may be in ${MAX_CHANNELS} channels`,
  'too-many-devices': "an account's channel may not have more active devices than an account",
} as const satisfies Record<TooMany, string>

export function refuseExcess(excess: TooMany): never {
  throw new errors.invalidRequest(EXCESS[excess])
}

/**
 * The channels that are an account's own, for whoever proves to be it: its bare JID, and its local part, which is what
 * mod_zeropush posts to. Local parts are of RELAY_XMPP_DOMAIN: those of other domains may be other people's.
 */
export function ownChannels(recipient: string, xmppDomain: string | undefined): string[] {
  const at = recipient.indexOf('@')
  return recipient.slice(at + 1) === xmppDomain ? [recipient, recipient.slice(0, at)] : [recipient]
}
