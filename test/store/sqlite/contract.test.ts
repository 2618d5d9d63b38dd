import { storeContract } from '../../contract/store-contract.ts'
import { makeSqliteStore } from './support.ts'

storeContract('SQLite', makeSqliteStore)
