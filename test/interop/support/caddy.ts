import { FILES, type ServerKind } from './server-kind.ts'

// https://caddyserver.com/docs/caddyfile
export const caddy: ServerKind = {
  name: 'caddy',
  package: 'caddy',
  binary: '/usr/bin/caddy',
  ready: 'serving initial configuration',
  can: new Set(['idleMs', 'clientCertificates'] as const),
  reload: async ({ adminPort }, text) => {
    const headers = { 'content-type': 'text/caddyfile' }
    const answer = await fetch(`http://127.0.0.1:${adminPort}/load`, { method: 'POST', headers, body: text })
    if (!answer.ok) throw new Error(`caddy takes no new configuration: ${await answer.text()}`)
  },
  configure: ({ port, adminPort, backendPort, folder }, wishes, generation) => ({
    command: ['/usr/bin/caddy', 'run', '--config', 'Caddyfile'],
    file: 'Caddyfile',
    text: `
{
  admin 127.0.0.1:${adminPort}
  auto_https off
  grace_period 60s
  servers {
    protocols h1 h2
    timeouts {
      idle ${wishes.idleMs ?? 60_000}ms
    }
  }
}
https://localhost:${port} {
  bind 127.0.0.1
  tls ${folder}/${FILES.certificate} ${folder}/${FILES.key} {
    ${wishes.clientCertificates ? `client_auth {\n      trusted_ca_cert_file ${folder}/${FILES.authority}\n    }` : ''}
  }
  header x-generation ${generation}
  reverse_proxy 127.0.0.1:${backendPort} {
    header_up x-server-name {http.request.tls.server_name}
  }
}
`,
  }),
}
