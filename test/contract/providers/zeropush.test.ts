import { zeropushStand } from '../../support/stands/zeropush.ts'
import { providerContract } from '../provider-contract.ts'

providerContract('zeropush', zeropushStand)
