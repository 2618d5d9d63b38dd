import { zeropushRecipient } from '../../domain/zeropush-recipient.ts'
import type { ZeropushRegistry } from '../zeropush-registry.ts'
import type { Submit } from './operations.ts'
import type { Read } from './reads.ts'
import { endInSteps } from './removal-steps.ts'

export function createZeropushRegistry(submit: Submit, read: Read): ZeropushRegistry {
  return {
    register: async command => submit({ kind: 'zeropushRegister', command }),
    remove: async (token, at) => {
      const first = await submit({ kind: 'zeropushRemove', token, at })
      return endInSteps(submit, { recipient: zeropushRecipient(token), at }, first)
    },
    changeBadge: async (token, change) => submit({ kind: 'zeropushBadge', token, change }),
    changeChannels: async (token, change) => submit({ kind: 'zeropushChannels', token, change }),
    clearChannel: async channel => submit({ kind: 'zeropushClear', channel }),
    device: token => read('zeropushDevice', token),
    devices: page => read('zeropushDevices', page),
    inactive: page => read('zeropushInactive', page),
    channels: page => read('zeropushChannels', page),
    tokensIn: (channel, limit) => read('zeropushTokensIn', { channel, limit }),
    named: tokens => read('zeropushNamed', tokens),
    targets: query => read('zeropushTargets', query),
  }
}
