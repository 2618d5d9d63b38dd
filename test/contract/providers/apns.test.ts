import { apnsStand } from '../../support/stands/apns.ts'
import { providerContract } from '../provider-contract.ts'

providerContract('apns', apnsStand)
