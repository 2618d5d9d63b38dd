import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { Type } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import { failures } from '../schemas/common.ts'

export interface ApiDocsOptions {
  version: string
}

const DESCRIPTION = `push-relay wakes the devices of offline XMPP users.

* **Chat server**: posts each message whose recipient is offline. \`202\` means that it is on disk.
* **Devices**: apps and web pages register for pushes, with the JWT with which they log in to the chat server.
* **Operators**: health, metrics, and what became of any message.

Every error outside the ZeroPush API has one shape, with a \`code\` from a closed table. Instants are RFC 3339 in UTC, ids are UUIDv7.`

const SECURITY_SCHEMES = {
  hook: { type: 'http', scheme: 'bearer', description: 'A token of RELAY_HOOK_TOKENS' },
  admin: { type: 'http', scheme: 'bearer', description: 'A token of RELAY_ADMIN_TOKENS' },
  recipient: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'The JWT with which the app logs in to the chat server. Its claim `jid` (RELAY_JWT_JID_CLAIM) names the recipient; ' +
      '`exp` is necessary and a number, `nbf` is honoured, the algorithm is that of the key',
  },
  zeropushServer: {
    type: 'apiKey',
    in: 'query',
    name: 'auth_token',
    description:
      'A token of RELAY_ZEROPUSH_SERVER_TOKENS; also as a field of the body, or as `Authorization: Token token="…"`',
  },
  zeropushApp: {
    type: 'apiKey',
    in: 'query',
    name: 'auth_token',
    description: 'A token of RELAY_ZEROPUSH_APP_TOKENS, likewise',
  },
} as const

/** openapi.yaml from the routes' schemas, and a page to read it. Registered before the routes that it describes. */
export const apiDocs = fp(
  async (app, { version }: ApiDocsOptions) => {
    await app.register(swagger, {
      openapi: {
        openapi: '3.0.3',
        info: { title: 'push-relay', version, description: DESCRIPTION, license: { name: 'MIT' } },
        servers: [{ url: 'http://127.0.0.1:8080', description: 'As the relay runs by default' }],
        tags: [
          { name: 'chat server', description: 'What the XMPP server calls' },
          { name: 'devices', description: 'What apps and web pages call' },
          { name: 'operators', description: 'What people and monitoring call' },
          {
            name: 'zeropush',
            description:
              'What was written for the ZeroPush service, while RELAY_ZEROPUSH_SERVER_TOKENS is set',
          },
        ],
        components: { securitySchemes: SECURITY_SCHEMES },
      },
      refResolver: {
        buildLocalReference: (json, _baseUri, _fragment, index) => String(json.$id ?? `def-${index}`),
      },
    })
    await app.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: DOCS_CSP,
      uiConfig: { persistAuthorization: false },
    })
    app.get('/openapi.yaml', { schema: documentSchema }, async (_request, reply) => {
      return reply.type('application/yaml').send(app.swagger({ yaml: true }))
    })
  },
  { name: 'api-docs' },
)

// Not `upgrade-insecure-requests`: the relay itself speaks HTTP.
const DOCS_CSP = {
  'default-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'style-src': ["'self'", "'unsafe-inline'"],
  'object-src': ["'none'"],
  'frame-ancestors': ["'none'"],
}

const documentSchema = {
  operationId: 'getOpenApi',
  tags: ['operators'],
  summary: 'This document',
  security: [],
  response: {
    200: { description: 'OpenAPI 3.0', content: { 'application/yaml': { schema: Type.String() } } },
    ...failures(),
  },
}
