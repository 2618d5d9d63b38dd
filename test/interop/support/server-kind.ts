/** What a test wants of a server, beyond that it passes every request to the backend. */
export interface Wishes {
  /** Most requests of one connection that are under way at once. */
  streams?: number
  /** A connection without requests is closed after it. */
  idleMs?: number
  /** After so many requests a connection is closed with GOAWAY. */
  requestsPerConnection?: number
  /** A longer body is answered 413. */
  bodyBytes?: number
  /** Takes nobody without a certificate of the authority in the folder. */
  clientCertificates?: boolean
}

export interface Place {
  folder: string
  port: number
  /** For a server that is told over HTTP what to do. */
  adminPort: number
  backendPort: number
}

/** In the folder of every server: its certificate, its key, both in one file, and who signed it. */
export const FILES = { certificate: 'certificate.pem', key: 'key.pem', both: 'both.pem', authority: 'ca.pem' }

export interface Configuration {
  /** Runs the server in the foreground, from the folder. */
  command: readonly string[]
  /** Name and text of the one file in the folder that the command reads. */
  file: string
  text: string
}

/** A server of others, set up as a reverse proxy. */
export interface ServerKind {
  name: string
  /** Of Debian; undefined where npm brings it. */
  package: string | undefined
  binary: string
  /** Each answer of the server bears `x-generation` with this value. */
  configure(place: Place, wishes: Wishes, generation: number): Configuration
  /** In its output once it accepts connections. */
  ready: string
  /** Which wishes it can fulfil. */
  can: ReadonlySet<keyof Wishes>
  /** It takes the backend's 103 for the response, and ends the stream with it. */
  mistakesHints?: boolean
  /**
   * When the backend hangs up instead of answering it may say REFUSED_STREAM, although the backend has seen the request:
   * what is "not processed" behind a proxy is only as true as the proxy.
   */
  refusesAnswerless?: boolean
  /** How it is told to take its new configuration while requests are under way. */
  reload: NodeJS.Signals | ((place: Place, text: string) => Promise<void>)
}
