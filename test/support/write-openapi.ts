import { writeFileSync } from 'node:fs'
import { OPENAPI_FILE, openApiDocument } from './openapi-document.ts'

// `npm run openapi`. test/openapi.test.ts fails until this was run after a change of a route.
const { yaml } = await openApiDocument()
writeFileSync(OPENAPI_FILE, yaml)
