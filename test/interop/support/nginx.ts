import { FILES, type ServerKind } from './server-kind.ts'

// https://nginx.org/en/docs/http/ngx_http_v2_module.html
export const nginx: ServerKind = {
  name: 'nginx',
  package: 'nginx',
  binary: '/usr/sbin/nginx',
  ready: 'start worker process',
  can: new Set(['streams', 'idleMs', 'requestsPerConnection', 'bodyBytes', 'clientCertificates'] as const),
  mistakesHints: true,
  reload: 'SIGHUP',
  configure: ({ folder, port, backendPort }, wishes, generation) => ({
    command: ['/usr/sbin/nginx', '-e', 'stderr', '-p', folder, '-c', 'nginx.conf'],
    file: 'nginx.conf',
    // Its workers leave root, unless told otherwise, and could not write into our folder then.
    text: `
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 2;
pid nginx.pid;
error_log stderr notice;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path temporary/body;
  proxy_temp_path temporary/proxy;
  fastcgi_temp_path temporary/fastcgi;
  uwsgi_temp_path temporary/uwsgi;
  scgi_temp_path temporary/scgi;
  upstream backend { server 127.0.0.1:${backendPort}; keepalive 64; keepalive_requests 100000; }
  server {
    listen 127.0.0.1:${port} ssl http2;
    ssl_certificate ${FILES.certificate};
    ssl_certificate_key ${FILES.key};
    ${wishes.clientCertificates ? `ssl_verify_client on; ssl_client_certificate ${FILES.authority};` : ''}
    http2_max_concurrent_streams ${wishes.streams ?? 128};
    keepalive_timeout ${wishes.idleMs ?? 60_000}ms;
    keepalive_requests ${wishes.requestsPerConnection ?? 100_000};
    client_max_body_size ${wishes.bodyBytes ?? 0};
    large_client_header_buffers 8 64k;
    add_header x-generation ${generation} always;
    location / {
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header connection "";
      proxy_set_header host $http_host;
      proxy_set_header x-server-name $ssl_server_name;
      proxy_request_buffering off;
      proxy_buffering off;
      proxy_buffer_size 64k;
      proxy_buffers 8 64k;
    }
  }
}`,
  }),
}
