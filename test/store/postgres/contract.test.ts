import { storeContract } from '../../contract/store-contract.ts'
import { postgresSkip } from '../../support/postgres-cluster.ts'
import { makePostgresStore } from './support.ts'

storeContract('PostgreSQL', makePostgresStore, { skip: postgresSkip, isShared: true })
