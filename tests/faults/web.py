"""The site's webhooks, in a process of its own that can be killed as well: `python -m tests.faults.web PORT`."""

import sys

from django.core.servers.basehttp import run
from django.core.wsgi import get_wsgi_application

from tests.faults import worker


def main() -> None:
    worker.mark_ready()
    run("127.0.0.1", int(sys.argv[1]), get_wsgi_application(), threading=True)


if __name__ == "__main__":
    main()
