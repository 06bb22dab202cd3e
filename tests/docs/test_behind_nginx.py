"""The nginx lines of docs/howto/behind-nginx.md, where nginx is installed: no token, number or text in its logs."""

import re
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from django_front_sms.signing import webhook_path
from example_project.demo.processes import free_port
from tests.conftest import missing
from tests.docs.pages import DOCS, HERE
from tests.webhooks.pushes import QUERY

PAGE = DOCS / "howto" / "behind-nginx.md"
NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")


def lines() -> tuple[str, str]:
    """The configuration on the page, for `http` and for `server`."""
    (block,) = re.findall(r"```nginx\n(.*?)```", PAGE.read_text(), re.DOTALL)
    http, server = re.split(r"# server .*\n", block)
    return http, server


@pytest.mark.nginx
@pytest.mark.skipif(not HERE, reason="the documentation is not here")
def test_nginx_as_documented_logs_pushes_without_what_they_hold(tmp_path):
    if not NGINX:
        missing("nginx is not installed (apt-get install nginx-light)")
    http, server = lines()
    port = free_port()
    server = server.replace("/var/log/nginx", str(tmp_path)).replace("127.0.0.1:8000", f"127.0.0.1:{free_port()}")
    temporary = "\n".join(
        f"{name}_temp_path {tmp_path / name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log warn; events {{}}\n"
        f"http {{ {temporary}\naccess_log {tmp_path}/access.log;\n{http}\n"
        f"server {{ listen 127.0.0.1:{port};\n{server}\n}} }}\n"
    )
    process = subprocess.Popen([str(NGINX), "-e", str(tmp_path / "early.log"), "-c", str(configuration)])
    path = webhook_path("inbound")
    try:
        for address in (f"{path}?{QUERY.decode()}", f"{path}x"):
            assert _status(f"http://127.0.0.1:{port}{address}") >= 400  # nobody is behind it: an error to log
        assert _status(f"http://127.0.0.1:{port}{path}", b"x" * 28_000_000) in (413, 0)
    finally:
        process.send_signal(signal.SIGQUIT)  # it ends, and logs, what it has begun; SIGTERM would cut that off
        process.wait(30)
    logs = {file.name: file.read_text() for file in tmp_path.glob("*.log")}
    assert logs["front_sms.log"].count("\n") >= 3
    everything = "".join(logs.values())
    assert [word for word in (path.split("/")[2], "004799999999", "Test") if word in everything] == []


def _status(address: str, body: bytes | None = None) -> int:
    for _attempt in range(100):
        try:
            return int(urllib.request.urlopen(address, body, timeout=10).status)
        except urllib.error.HTTPError as error:
            return int(error.code)
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                return 0  # it hung up while we were still sending
            time.sleep(0.05)
    raise AssertionError("nginx does not answer")
