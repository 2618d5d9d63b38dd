import type { EjabberdOptions } from './ejabberd.ts'

/** ejabberd's configuration file. Every value is written as JSON, which YAML understands. */
export function ejabberdYml(ports: { c2s: number; api: number }, options: EjabberdOptions): string {
  const settings = {
    hosts: ['localhost'],
    loglevel: options.loglevel ?? 'info',
    log_rotate_count: 0,
    auth_method: 'internal',
    auth_password_format: 'plain',
    s2s_access: 'none',
    acl: { local: { user_regexp: '' } },
    access_rules: { local: { allow: 'local' }, c2s: { allow: 'all' } },
    api_permissions: { loopback: { from: ['mod_http_api', 'ejabberd_ctl'], who: 'all', what: '*' } },
    listen: [
      { port: ports.c2s, ip: '127.0.0.1', module: 'ejabberd_c2s', access: 'c2s', max_stanza_size: 262_144 },
      {
        port: ports.api,
        ip: '127.0.0.1',
        module: 'ejabberd_http',
        request_handlers: { '/api': 'mod_http_api' },
      },
    ],
    modules: modules(options),
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
    .join('')
}

function modules(options: EjabberdOptions): object {
  return {
    mod_admin_extra: {},
    mod_disco: {},
    mod_http_api: {},
    mod_muc: { access_create: 'local', default_room_options: { allow_subscription: true, persistent: true } },
    mod_muc_admin: {},
    mod_offline: {},
    mod_ping: {},
    mod_roster: {},
    mod_stream_mgmt: { resend_on_timeout: 'if_offline', resume_timeout: options.resumeTimeout ?? 300 },
    ...(options.withoutArchive ? {} : { mod_mam: { default: 'always', db_type: 'mnesia' } }),
    ...(typeof options.module === 'string' ? {} : { mod_push_relay: options.module }),
  }
}
