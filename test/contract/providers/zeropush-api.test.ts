import { zeropushApiStand } from '../../support/stands/zeropush-api.ts'
import { providerContract } from '../provider-contract.ts'

providerContract("zeropush on the relay's own ZeroPush API", zeropushApiStand)
