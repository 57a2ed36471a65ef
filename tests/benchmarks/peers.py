"""The programs that benchmarks start beside ours: a fast server, and the prober that everybody knows."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.certificates import Trust
from tests.benchmarks.processes import free_port, running, wait_for_port

BODY = b'{"items": [' + b", ".join(b'{"id": %3d, "state": "delivered"}' % n for n in range(26)) + b"]}"
BODY = BODY[:-1] + b" " * (931 - len(BODY)) + BODY[-1:]
assert len(BODY) == 931

_NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 2048; }}
http {{
  access_log off; default_type application/json;
  client_body_temp_path {folder}/c; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{plain} backlog=1024;
    listen 127.0.0.1:{tls} ssl backlog=1024;
    ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {trust.certificate}; ssl_certificate_key {trust.key};
    root {folder}; location = / {{ try_files /body.json =404; }}
  }}
}}
"""

_BLACKBOX = """
modules:
  http:
    prober: http
    timeout: 5s
    http: {preferred_ip_protocol: ip4, fail_if_body_not_matches_regexp: []}
"""


@dataclass(frozen=True)
class Endpoints:
    """Addresses of one answer of 931 bytes, and what serves it."""

    plain: str
    tls: str
    server: str


@contextmanager
def fast_server(folder: Path, trust: Trust) -> Iterator[Endpoints]:
    """nginx with one process; without it a server of our own, which is slower but takes no side either."""
    plain, tls = free_port(), free_port()
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if nginx is not None:
        (folder / "body.json").write_bytes(BODY)
        configuration = folder / "nginx.conf"
        configuration.write_text(_NGINX.format(folder=folder, plain=plain, tls=tls, trust=trust))
        command, name = (nginx, "-p", str(folder), "-c", str(configuration)), "nginx, one process"
    else:
        arguments = (str(plain), str(tls), str(trust.certificate), str(trust.key))
        command = (sys.executable, "-m", "tests.benchmarks.workers.small_server", *arguments)
        name = "a small asyncio server (nginx is not installed)"
    with running(*command) as process:
        wait_for_port(tls, process)
        yield Endpoints(f"http://127.0.0.1:{plain}/", f"https://127.0.0.1:{tls}/", name)


@contextmanager
def blackbox(folder: Path, trust: Trust) -> Iterator[tuple[str, int] | None]:
    """Prometheus blackbox_exporter: the address of its probe of a target, and its pid; None when it is not there."""
    program = shutil.which("prometheus-blackbox-exporter") or shutil.which("blackbox_exporter")
    if program is None:
        yield None
        return
    port, modules = free_port(), folder / "blackbox.yml"
    modules.write_text(_BLACKBOX)
    listen = f"--web.listen-address=127.0.0.1:{port}"
    # Trusted as the machine's own authority: read once, while `ca_file` in a module would be read for every probe.
    environ = {"SSL_CERT_FILE": str(trust.authority), "SSL_CERT_DIR": str(folder / "none")}
    with running(program, f"--config.file={modules}", listen, "--log.level=error", environ=environ) as process:
        wait_for_port(port, process)
        yield f"http://127.0.0.1:{port}/probe?module=http&target=", process.pid
