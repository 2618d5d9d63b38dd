import { httpProviderStand } from '../../support/stands/http.ts'
import { providerContract } from '../provider-contract.ts'

providerContract('http', httpProviderStand)
