import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import type { Config } from './config/config.ts'
import { firstRunCommands, SIMULATOR_WARNING } from './config/first-run-commands.ts'

/** Builds, listens, and stops gracefully on a signal. Rejects with a readable error when it cannot start. */
export async function main(config: Config & { isFirstRun?: boolean }, version: string): Promise<void> {
  const app = await buildApp(config, version)
  try {
    const address = await app.http.listen({ host: config.host, port: config.port })
    app.events.emit('relay.started', { address, version, role: config.role })
  } catch (error) {
    await app.close()
    throw error
  }
  if (config.isSimulated) process.stderr.write(`${SIMULATOR_WARNING}\n`)
  if (config.isFirstRun) process.stdout.write(firstRunCommands(config))
  // A number: a delay given as a string is silently no delay.
  closeWithGrace({ delay: config.shutdownMs, logger: false }, async ({ signal, err }) => {
    if (err) app.events.emit('loop.failed', { loop: 'process', error: err })
    app.events.emit('relay.stopping', { signal })
    await app.close()
    app.events.emit('relay.stopped', {})
  })
}
