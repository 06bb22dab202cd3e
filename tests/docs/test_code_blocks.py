"""Every block of code in the documentation is run, or at least compiled, parsed and compared with what there is.

The tutorial and the how-to for tests are run as whole sites: `test_tutorial.py`, `tests/testing/test_howto.py`. What is
typed into a terminal is looked at in `test_command_lines.py`.
"""

import ast
import configparser
import importlib
import inspect
import json
import re
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from django.core.checks import run_checks
from django.template import engines

import django_front_sms
from django_front_sms import keywords, optouts, send_sms
from django_front_sms.conf import get_settings
from django_front_sms.models import InboundMessage
from django_front_sms.testing import FrontSMS
from tests.docs.pages import DOCS, HERE, SHELL, Block, all_blocks, parametrized
from tests.docs.test_command_lines import parse_manage

pytestmark = pytest.mark.skipif(not HERE, reason="the documentation is not here")

SITES = {"tutorial.md", "test-your-site.md"}  # run as whole sites, by tests of their own
# Modules of an example's own, of packages that are not installed, or of what one moves away from.
FOREIGN = {
    "accounts",
    "allauth",
    "django_front_sms.contrib.phone_verify",
    "django_otp",
    "django_tenants",
    "requests",
    "shop",
}
FUNCTIONS = {
    **{name: getattr(django_front_sms, name) for name in django_front_sms.__all__},
    "opt_in": optouts.opt_in,
    "opt_out": optouts.opt_out,
    "on_keyword": keywords.on_keyword,
}


# ---- Python


@pytest.mark.parametrize("block", parametrized("python"))
def test_python_compiles_and_names_what_is_there(block: Block) -> None:
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            check_import(node.module, [alias.name for alias in node.names])
        elif isinstance(node, ast.Call):
            check_arguments(node)


def check_import(module: str, names: list[str]) -> None:
    if not any(f"{module}.".startswith(f"{foreign}.") for foreign in FOREIGN):
        found = importlib.import_module(module)
        for name in names:
            assert hasattr(found, name) or importlib.import_module(f"{module}.{name}")


def check_arguments(call: ast.Call) -> None:
    """A call of one of our functions must be one that the function takes; an ellipsis stands for any arguments."""
    function = FUNCTIONS.get(call.func.id) if isinstance(call.func, ast.Name) else None
    if function and not any(is_ellipsis(argument) for argument in call.args):
        given = {keyword.arg: None for keyword in call.keywords if keyword.arg}
        inspect.signature(function).bind(*(None for _ in call.args), **given)


def sends_a_code(block: Block) -> bool:
    names = {node.id for node in ast.walk(ast.parse(block.text)) if isinstance(node, ast.Name)}
    return "send_sms" in names and bool(names & {"code", "token"})


@pytest.mark.parametrize("block", parametrized("python", of=sends_a_code))
def test_a_code_is_sent_as_a_sensitive_text(block: Block) -> None:
    for call in ast.walk(ast.parse(block.text)):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "send_sms":
            assert "sensitive" in {keyword.arg for keyword in call.keywords}, ast.unparse(call)


def is_ellipsis(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def is_whole(block: Block) -> bool:
    """Whether a block runs as it stands: parts of a site do not, nor what leaves something to the reader."""
    if block.page.name in SITES or re.search(
        rf"^(from|import) ({'|'.join(map(re.escape, FOREIGN))})\b", block.text, re.M
    ):
        return False
    return not any(is_ellipsis(node) for node in ast.walk(ast.parse(block.text)))


def is_of_settings(block: Block) -> bool:
    return bool(re.search(r"^FRONT_SMS\b", block.text, re.M))


@pytest.mark.parametrize(
    "block", parametrized("python", of=lambda block: is_whole(block) and not is_of_settings(block))
)
def test_python_runs_and_so_do_the_receivers_that_it_connects(block: Block, front: FrontSMS) -> None:
    example = example_globals()  # signals hold receivers weakly: they live as long as this
    exec(compile(block.text, str(block), "exec"), example)
    question = send_sms("+4799999999", "Kommer du?", sender="26114123450000", ignore_opt_out=True)
    front.push_status(question, 5)
    front.receive_sms("+4799999999", "Ja", to="26114123450000")
    front.receive_sms("+4799999999", "Hva?", to="26114123450000")
    example.clear()


def example_globals() -> dict[str, Any]:
    """The names that examples use without defining them."""
    message = InboundMessage(account="default", sender="+4799999999", recipient="26114", text="Ja")
    request = SimpleNamespace(user=None)
    return {"__name__": "example", "order": SimpleNamespace(pk=17), "inbound": message, "request": request}


@pytest.mark.parametrize("block", parametrized("python", of=is_of_settings))
def test_settings_are_taken_by_the_app_and_pass_its_checks(
    block: Block, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("SECRET_KEY", "DATABASE_PASSWORD", "FRONT_SMS_WEBHOOK_SECRET"):
        monkeypatch.setenv(name, "long enough to be a secret")
    monkeypatch.setenv("FRONT_SMS_SERVICE_ID", "1234")
    accounts = {"ACCOUNTS": {"default": {"SERVICE_ID": 1234, "SENDER": "Mitt Firma"}}}
    before: dict[str, Any] = {
        "FRONT_SMS": accounts,
        "DATABASES": {"default": {}},
        "INSTALLED_APPS": [],
        "CELERY_BROKER_URL": "redis://127.0.0.1:6379/0",
        "BASE_DIR": tmp_path,
    }
    after = dict(before)
    exec(compile(block.text, str(block), "exec"), after)
    for name in ("FRONT_SMS", "CELERY_BROKER_URL", "STORAGES", "SILENCED_SYSTEM_CHECKS", "CELERY_BEAT_SCHEDULE"):
        if name in after:
            setattr(settings, name, after[name])
    settings.FRONT_SMS = {**accounts, **settings.FRONT_SMS}  # an example may show one key alone
    # Examples of development may name what is for development alone.
    settings.DEBUG = bool(re.search(r"127\.0\.0\.1|testing\.", str(settings.FRONT_SMS)))
    get_settings().account("default")
    deployed = block.page.name == "deploy.md"
    found = run_checks(tags=["front_sms"], include_deployment_checks=deployed, databases=[])
    assert [message for message in found if not message.is_silenced()] == []


# ---- Everything else


def ini(text: str) -> None:
    config = configparser.ConfigParser(interpolation=None, strict=False)
    config.read_string(text)
    assert config.sections()
    for arguments in re.findall(r"^ExecStart=\S*python manage\.py (.*)$", text, re.M):
        parse_manage(arguments.split())
    name = text.partition("\n")[0].rpartition("/")[2]
    if name.endswith(".service"):
        assert {"Unit", "Service"} <= set(config.sections())
        # A timer starts what ends by itself; everything else is started when the machine is.
        assert config.has_section("Install") is (config.get("Service", "Type", fallback="") != "oneshot")
        unit(name, text)
    elif name.endswith(".timer"):
        assert {"Unit", "Timer", "Install"} <= set(config.sections())
        assert f"{name.removesuffix('timer')}service" in (DOCS / "howto" / "deploy.md").read_text()


def unit(name: str, text: str) -> None:
    """systemd itself reads it, where it is installed; whom and what the unit runs is not on this machine."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        return
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.M)
    text = re.sub(r"^(User|WorkingDirectory|EnvironmentFile)=.*\n", "", text, flags=re.M)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_text(text)
        run = subprocess.run([analyze, "verify", "--man=no", f"{folder}/{name}"], capture_output=True, text=True)
    assert name not in run.stderr, run.stderr


def compose(text: str) -> None:
    whole = yaml.safe_load(text)
    assert isinstance(whole, dict | list)
    for name, service in whole.get("services", {}).items() if isinstance(whole, dict) else ():
        assert service.keys() & {"image", "build"}, name
        assert set(service.get("depends_on", ())) <= set(whole["services"]), name
        for volume in service.get("volumes", ()):
            assert volume.partition(":")[0] in whole["volumes"], volume


def nginx(text: str) -> None:
    code = "\n".join(re.sub(r"(^|\s)#.*", "", line).rstrip() for line in text.splitlines())
    assert code.count("{") == code.count("}")
    assert all(line.endswith((";", "{", "}")) for line in code.splitlines() if line.strip())


def dockerfile(text: str) -> None:
    known = r"FROM|WORKDIR|COPY|RUN|ENV|CMD|EXPOSE|USER|ARG|ENTRYPOINT|#"
    assert all(re.match(known, line) for line in text.splitlines() if line.strip())


def http(text: str) -> None:
    assert re.match(r"(GET|POST|PUT|PATCH|DELETE) /\S*|HTTP/1\.1 \d{3} ", text)


def template(text: str) -> None:
    engines["django"].from_string(text)


READERS: dict[str, Callable[[str], Any]] = {
    "ini": ini,
    "yaml": compose,
    "json": json.loads,
    "toml": tomllib.loads,
    "nginx": nginx,
    "dockerfile": dockerfile,
    "http": http,
    "html": template,
    "text": str,  # nothing but words
}


@pytest.mark.parametrize("block", parametrized(*READERS))
def test_code_blocks_in_other_languages_can_be_parsed(block: Block) -> None:
    READERS[block.language](block.text)


def test_every_block_is_in_a_language_that_is_looked_at() -> None:
    unknown = [
        f"{block}: {block.language}" for block in all_blocks() if block.language not in ("python", *SHELL, *READERS)
    ]
    assert unknown == []
