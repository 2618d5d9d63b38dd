import createError from '@fastify/error'

/**
 * Every answer that is an error, and nothing else is one: the closed table of RELAY_ codes. No message repeats a
 * value that the caller sent. `%s` is filled with names of ours (fields, rules, limits), and with short plain names of
 * properties that we do not know.
 */
export const errors = {
  invalidRequest: createError<[string]>('RELAY_INVALID_REQUEST', 'The request is not valid: %s', 400),
  malformedBody: createError<[string]>('RELAY_MALFORMED_BODY', 'The body cannot be read: %s', 400),
  malformedUrl: createError('RELAY_MALFORMED_URL', 'The URL cannot be read', 400),
  badRequest: createError('RELAY_BAD_REQUEST', 'The request cannot be read', 400),
  hostRequired: createError('RELAY_HOST_REQUIRED', 'An HTTP/1.1 request must have the field Host', 400),
  invalidJid: createError<[string]>('RELAY_INVALID_JID', '%s is not a valid JID', 400),
  invalidTo: createError<[string]>('RELAY_INVALID_TO', '%s', 400),
  invalidFrom: createError<[string]>('RELAY_INVALID_FROM', '%s', 400),
  invalidBody: createError<[string]>('RELAY_INVALID_BODY', '%s', 400),
  invalidMessage: createError<[string]>('RELAY_INVALID_MESSAGE', '%s', 400),
  invalidToken: createError<[string]>('RELAY_INVALID_TOKEN', '%s', 400),
  unknownApp: createError<[string]>('RELAY_UNKNOWN_APP', '%s', 400),
  unknownEnvironment: createError<[string]>('RELAY_UNKNOWN_ENVIRONMENT', '%s', 400),
  unknownProvider: createError<[string]>(
    'RELAY_UNKNOWN_PROVIDER',
    'provider must be one that is configured here: %s',
    400,
  ),
  reservedKind: createError('RELAY_RESERVED_KIND', 'kind voip is reserved; use alert', 400),
  recipientRequired: createError(
    'RELAY_RECIPIENT_REQUIRED',
    'An admin token must name the recipient: in the body of a PUT, as ?recipient= elsewhere',
    400,
  ),
  unauthenticated: createError<[string]>('RELAY_UNAUTHENTICATED', 'A valid credential is required%s', 401),
  wrongDomain: createError(
    'RELAY_WRONG_DOMAIN',
    'The recipient is outside the domains to which RELAY_HOOK_TOKENS binds this token',
    403,
  ),
  wrongRecipient: createError('RELAY_WRONG_RECIPIENT', 'This credential speaks for another recipient', 403),
  serverTokenRequired: createError(
    'RELAY_SERVER_TOKEN_REQUIRED',
    'This token belongs to an app: it may only register and unregister a device and set its badge',
    403,
  ),
  wrongChannel: createError(
    'RELAY_WRONG_CHANNEL',
    "Subscribing takes the server token, or a JWT for a channel of its own account's",
    403,
  ),
  notFound: createError(
    'RELAY_NOT_FOUND',
    'There is no such route, or not with this method; /docs lists them',
    404,
  ),
  unknownDialect: createError<[string]>('RELAY_UNKNOWN_DIALECT', 'The dialects are: %s', 404),
  unregisteredToken: createError('RELAY_UNREGISTERED_TOKEN', 'No device is registered with this token', 404),
  unknownChannel: createError('RELAY_UNKNOWN_CHANNEL', 'No device is in this channel', 404),
  unknownDevice: createError('RELAY_UNKNOWN_DEVICE', 'This recipient has no such device', 404),
  unknownMessage: createError('RELAY_UNKNOWN_MESSAGE', 'There is no trace of such a message', 404),
  requestTimeout: createError('RELAY_REQUEST_TIMEOUT', 'The request took too long to arrive', 408),
  expired: createError('RELAY_EXPIRED', 'The message has expired and cannot be revived', 409),
  notDead: createError('RELAY_NOT_DEAD', 'The message has no dead delivery', 409),
  deviceMoved: createError(
    'RELAY_DEVICE_MOVED',
    'Another recipient registered the token of this device; register it again first',
    409,
  ),
  noProvider: createError(
    'RELAY_NO_PROVIDER',
    'No push provider is configured here that has such devices',
    412,
  ),
  bodyTooLarge: createError('RELAY_BODY_TOO_LARGE', 'The body is larger than this route takes', 413),
  uriTooLong: createError('RELAY_URI_TOO_LONG', 'A part of the URL is too long', 414),
  unsupportedMediaType: createError<[string]>(
    'RELAY_UNSUPPORTED_MEDIA_TYPE',
    'This route takes another content type%s',
    415,
  ),
  expectationFailed: createError(
    'RELAY_EXPECTATION_FAILED',
    'Of the field Expect only 100-continue is understood',
    417,
  ),
  tooManyRequests: createError('RELAY_TOO_MANY_REQUESTS', 'Too many requests; see Retry-After', 429),
  tooManyMoves: createError(
    'RELAY_TOO_MANY_MOVES',
    'This recipient took over too many tokens of others today',
    429,
  ),
  headersTooLarge: createError('RELAY_HEADERS_TOO_LARGE', 'The header fields are too large', 431),
  internal: createError('RELAY_INTERNAL', 'Something went wrong here, not with the request', 500),
  unavailable: createError(
    'RELAY_UNAVAILABLE',
    'The relay cannot write to its store; nothing was accepted',
    503,
  ),
  stopping: createError('RELAY_STOPPING', 'The relay is stopping; nothing was accepted', 503),
  handlerTimeout: createError('RELAY_TIMEOUT', 'The relay did not finish in time', 503),
} as const
