"""Output for scripts."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import OutputWrapper
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext as _


def add_json(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help=_("print JSON, for scripts"))


def write_json(out: OutputWrapper, document: Any) -> None:
    out.write(json.dumps(document, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))
