"""The environment of the demo: a temporary folder, a temporary database, and three processes."""

import os
import shutil
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from example_project.demo.processes import Children, Failed, free_port


@dataclass(frozen=True)
class Environment:
    children: Children
    web: str  # "http://127.0.0.1:8000/"
    phones: str  # "http://127.0.0.1:9900/"


@contextmanager
def set_up(web_port: int, phones_port: int) -> Iterator[Environment]:
    """Start the processes, and remove everything at the end."""
    web, phones = f"http://127.0.0.1:{web_port}/", f"http://127.0.0.1:{phones_port}/"
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="front-sms-demo-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        use_environment(folder, phones)
        stack.enter_context(database(folder))
        stack.enter_context(queue())
        children = stack.enter_context(Children(folder))
        children.start("web", "example_project/manage.py", "runserver", "--noreload", str(web_port))
        children.start("worker", "-m", "celery", "-A", "example_project.celery:app", "worker", *WORKER)
        children.start("simulator", *simulator(web, phones_port))
        try:
            for name, address in (("web", web), ("simulator", phones)):
                children.wait_for(f"the {name} process to answer", lambda address=address: answers(address))
            yield Environment(children, web, phones)
        except Failed as error:
            error.add_note(children.tail())
            raise


WORKER = ("--concurrency", "2", "--loglevel", "INFO", "--without-gossip", "--without-mingle")


def use_environment(folder: Path, phones: str) -> None:
    """Set the environment variables of the processes. The gateway is always the simulator, so that the demo is free."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "example_project.settings"
    os.environ["EXAMPLE_VAR"] = str(folder)
    os.environ["EXAMPLE_QUEUE"] = folder.name
    os.environ["FRONT_SMS_GATEWAY_URL"] = f"{phones}psk/"
    os.environ["FRONT_SMS_WEBHOOK_ALLOWED_IPS"] = "127.0.0.1"
    os.environ.setdefault("FRONT_SMS_DUPLICATE_FILTER", "true")
    django.setup()


@contextmanager
def database(folder: Path) -> Iterator[None]:
    """A new database beside the one that DATABASE_URL names, or a new SQLite file; migrated and seeded."""
    from django.core.management import call_command
    from django.db import Error, connection

    name = folder.name.replace("-", "_").lower()
    if connection.vendor == "sqlite":
        name, url = str(folder / "demo.sqlite3"), f"sqlite:///{folder}/demo.sqlite3"
    else:
        url = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
    before = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = name
    try:
        connection.ensure_connection()
    except Error as error:
        raise Failed(f"the database that DATABASE_URL names cannot be reached: {error}") from None
    try:
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
        os.environ["DATABASE_URL"] = url
        call_command("seed")
        yield
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)


@contextmanager
def queue() -> Iterator[None]:
    """A separate queue on the broker, so that no other worker takes the demo's tasks. It is deleted at the end."""
    from example_project.celery import app

    yield
    with suppress(OSError, *app.connection().connection_errors), app.connection_for_write() as connection:
        mine = app.amqp.queues[app.conf.task_default_queue](connection.default_channel)
        mine.declare()  # a channel deletes only queues that were declared on it
        mine.delete()


def simulator(web: str, port: int) -> list[str]:
    """The command line of a simulator for the account in the settings, which pushes to `web`."""
    from django_front_sms.conf import get_settings
    from django_front_sms.signing import webhook_path

    account = get_settings().account("default")
    return [
        *("-m", "django_front_sms.simulator", "--port", str(port)),
        *("--first-id", str(int(time.time()))),  # the database may have ids of an earlier simulator
        *("--service-id", str(account.service_id), "--sender", account.sender),
        *("--password", account.password) * bool(account.password),
        *("--no-duplicate-filter",) * (account.duplicate_filter is False),
        *("--status-url", web.rstrip("/") + webhook_path("status")),
        *("--inbound-url", web.rstrip("/") + webhook_path("inbound")),
    ]


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def only_the_simulator(web_port: int, phones_port: int) -> None:
    """Replace this process by the simulator, for a site that is already running (`make web`)."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")
    django.setup()
    os.execv(sys.executable, [sys.executable, *simulator(f"http://127.0.0.1:{web_port}/", phones_port)])


def ports(web: int, phones: int) -> tuple[int, int]:
    """The requested ports, or free ones if they are in use."""
    return free_port(web), free_port(phones)
