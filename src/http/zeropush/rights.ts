import type { Config } from '../../config/config.ts'
import type { ChannelLimits } from '../../store/zeropush-registry.ts'
import { errors } from '../errors.ts'
import type { Caller } from './callers.ts'
import { MAX_CHANNELS, ownChannels } from './channels.ts'

/** Who may listen to what: whoever is in a channel receives what is meant for its owner. */
export interface ChannelRights {
  /** Throws unless the caller may put devices into all of these channels, or take them out. */
  assertMayListen(caller: Caller, channels: readonly string[]): void
  /** Those that are the caller's business. */
  visible(caller: Caller, channels: readonly string[]): string[]
  /** An account may put as many devices into its channels as it may register: every message for it goes to all. */
  limitsFor(caller: Caller): ChannelLimits
}

export function createChannelRights({
  xmppDomain,
  maxDevices,
}: Pick<Config, 'xmppDomain' | 'maxDevices'>): ChannelRights {
  const isAllowed = (caller: Caller): ((channel: string) => boolean) => {
    if (caller.role === 'server') return () => true
    const own = caller.role === 'recipient' ? ownChannels(caller.recipient, xmppDomain) : []
    return channel => own.includes(channel)
  }
  return {
    assertMayListen(caller, channels) {
      if (!channels.every(isAllowed(caller))) throw new errors.wrongChannel()
    },
    visible: (caller, channels) => channels.filter(isAllowed(caller)),
    limitsFor: ({ role }) => ({
      maxChannels: MAX_CHANNELS,
      maxDevices: role === 'recipient' ? maxDevices : undefined,
    }),
  }
}
