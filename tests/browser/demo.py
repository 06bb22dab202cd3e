"""The demo as a new user starts it, on free ports and with a new database."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


@dataclass
class Demo:
    """The addresses that `make demo` prints."""

    clinic: str
    admin: str
    phones: str


@contextmanager
def running() -> Iterator[Demo]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "CELERY_"))}
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-u", "-m", "example_project.demo", "--port", "0", "--simulator-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        found = dict(re.findall(r"^ +(front page|admin|phones) +(http\S+)", said, re.M))
        try:
            yield Demo(found["front page"], found["admin"], found["phones"])
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
