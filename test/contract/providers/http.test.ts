import { httpStand } from '../../support/stands/http.ts'
import { providerContract } from '../provider-contract.ts'

providerContract('http', httpStand)
