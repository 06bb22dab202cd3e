"""The tutorial, executed in an empty folder: files are written, commands are run, and their output is compared."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from example_project.demo.processes import free_port
from tests.docs.pages import DOCS, HERE, Block, blocks_of, commands_of

TUTORIAL = DOCS / "tutorial.md"
HANG_TIMEOUT = 120  # seconds, for a machine that is busy

# Not run: the environment with the package exists already.
NOT_RUN = {
    "python3 -m venv .venv && . .venv/bin/activate",
    "pip install django-front-sms pytest pytest-django",
}
SERVERS = ("python manage.py runserver", "python manage.py front_sms worker", "python manage.py front_sms simulate")
IN_EARNEST = "## In earnest"  # the following steps need a broker
ADDED_TO = {"florist/settings.py", "florist/urls.py"}  # the site has these files
CHANGES = re.compile(r"\d\d:\d\d:\d\d|(?<=id is )\d+|\d+\.\d+ s|#\d+")  # times, ids

pytestmark = [
    pytest.mark.sqlite,  # the tutorial has a database of its own: once is enough
    pytest.mark.skipif(not HERE, reason="the documentation is not here"),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]


class Reader:
    """Executes the blocks of the tutorial in an empty folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.site, self.gateway = free_port(), free_port()
        self.servers: list[subprocess.Popen[bytes]] = []
        strange = ("DJANGO_", "DATABASE_", "CELERY_", "FRONT_SMS_", "PYTEST_")
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
        self.env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{self.env['PATH']}"

    def follow(self, block: Block) -> None:
        if block.file:
            self.write(block)
        elif block.language == "console":
            for command in commands_of(block):
                self.type(command, shown(block, command))

    def write(self, block: Block) -> None:
        path = self.home / block.file
        assert path.parent.is_dir(), f"{block}: nothing has made the folder of {block.file}"
        present = path.read_text() if block.file in ADDED_TO else ""
        path.write_text(present + self.own_ports(block.text))

    def type(self, command: str, expected: str) -> None:
        if command in NOT_RUN:
            return
        if command.startswith(SERVERS):
            self.start(command)
            return
        run = subprocess.run(
            self.own_ports(command),
            shell=True,
            cwd=self.home,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert run.returncode == 0, f"{command}\n{run.stdout}{run.stderr}\n{self.logs()}"
        for line in without_chance(expected).splitlines():
            assert line in without_chance(run.stdout), f"{command}\n{run.stdout}{run.stderr}"

    def start(self, command: str) -> None:
        if "simulate" in command:
            command += f" --base-url http://127.0.0.1:{self.site}"
        elif "runserver" in command:
            command += f" {self.site}"
        log = (self.home / f"server-{len(self.servers)}.log").open("wb")
        self.servers.append(
            subprocess.Popen(
                f"exec {command}",
                shell=True,
                cwd=self.home,
                env=self.env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        )
        if not command.startswith("python manage.py front_sms worker"):
            port = self.gateway if "simulate" in command else self.site
            wait_until(lambda: listens(port), f"{command}\n{self.logs()}")

    def all_run(self) -> bool:
        return all(server.poll() is None for server in self.servers)

    def own_ports(self, text: str) -> str:
        return text.replace(":8000", f":{self.site}").replace(":9900", f":{self.gateway}")

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.home.glob("server-*.log")))

    def phone(self) -> str:
        """Messages on the simulated phone."""
        with urlopen(f"http://127.0.0.1:{self.gateway}/control/messages?to=%2B4799999999") as answer:
            return str(answer.read(), "utf-8")

    def leave(self) -> None:
        for server in self.servers:
            os.killpg(server.pid, signal.SIGTERM)
        for server in self.servers:
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait(20)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    someone = Reader(tmp_path)
    yield someone
    someone.leave()


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_until(true: Callable[[], object], why: str) -> None:
    give_up = time.monotonic() + HANG_TIMEOUT
    while not true():
        assert time.monotonic() < give_up, why
        time.sleep(0.1)


def shown(block: Block, command: str) -> str:
    """The output of the command in the block."""
    after = block.text.partition(f"$ {command}\n")[2]
    return re.split(r"^\$ ", after, flags=re.M)[0]


def without_chance(text: str) -> str:
    return CHANGES.sub("…", text)


@pytest.mark.timeout(600)
def test_the_tutorial_leads_to_a_delivered_message_a_reply_and_a_passing_test(reader: Reader) -> None:
    end = TUTORIAL.read_text().partition(IN_EARNEST)[0].count("\n")
    blocks = [block for block in blocks_of(TUTORIAL) if block.line < end]
    reply = next(number for number, block in enumerate(blocks) if "control/receive" in block.text)
    for block in blocks[: reply + 1]:
        reader.follow(block)
    wait_until(lambda: "Takk!" in reader.phone(), reader.logs())
    for block in blocks[reply + 1 :]:
        reader.follow(block)
    assert reader.all_run(), reader.logs()


def test_every_command_that_is_not_run_is_still_in_the_tutorial() -> None:
    typed = {command for block in blocks_of(TUTORIAL) for command in commands_of(block) if block.language == "console"}
    assert typed >= NOT_RUN
    assert all(any(command.startswith(server) for command in typed) for server in SERVERS)
