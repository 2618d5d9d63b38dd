import { fcmStand } from '../../support/stands/fcm.ts'
import { providerContract } from '../provider-contract.ts'

providerContract('fcm', fcmStand)
