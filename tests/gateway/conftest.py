"""A self-signed certificate for servers with TLS."""

import shlex
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key, in one file."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl program here to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2"
        " -subj /CN=front.test -addext subjectAltName=IP:127.0.0.1"
    )
    made = subprocess.run(shlex.split(command), cwd=folder, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    (folder / "both.pem").write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text())
    return folder / "both.pem"


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients made from now on trust that certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
