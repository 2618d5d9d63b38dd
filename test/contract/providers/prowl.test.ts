import { prowlStand } from '../../support/stands/prowl.ts'
import { providerContract } from '../provider-contract.ts'

providerContract('prowl', prowlStand)
