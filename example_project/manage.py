#!/usr/bin/env python
import os
import sys
from pathlib import Path


def main() -> None:
    # The folder above this one, not this one: here, `celery.py` would hide the library of that name.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
