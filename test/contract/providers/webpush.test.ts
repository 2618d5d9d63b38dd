import { webpushStand } from '../../support/stands/webpush.ts'
import { providerContract } from '../provider-contract.ts'

providerContract('webpush', webpushStand)
