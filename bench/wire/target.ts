/** Where a client pushes to, and as whom; sent to the process in which the client runs. */
export interface Target {
  /** On loopback: the server's, or that of the proxy before it. */
  port: number
  caFile: string
  keyFile: string
  keyId: string
  teamId: string
  /** A provider token of that key, for clients that sign none of their own. */
  jwt: string
}

export function originOf({ port }: Target): string {
  return `https://127.0.0.1:${port}`
}
