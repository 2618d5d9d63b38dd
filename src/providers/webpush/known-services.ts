/**
 * The push services of browsers, and the largest open one of UnifiedPush: their words are known, and operators want to
 * hear of them. A registering client cannot put another server behind these names.
 */
const SERVICES = [
  /^fcm\.googleapis\.com$/, // Chrome, and what is made of it
  /^updates\.push\.services\.mozilla\.com$/, // Firefox, and Sunup for UnifiedPush
  /^(?:[a-z0-9-]+\.)*push\.apple\.com$/, // Safari
  /^(?:[a-z0-9-]+\.)+notify\.windows\.com$/, // Edge on Windows
  /^ntfy\.sh$/,
]

/** Of `host[:port]`: only on the default port is it certain who answers. */
export function isKnownService(host: string): boolean {
  return SERVICES.some(pattern => pattern.test(host))
}
