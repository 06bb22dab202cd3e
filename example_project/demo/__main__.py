"""`python -m example_project.demo [--once]`; `make demo` calls it."""

import argparse
import sys
import time

from example_project.demo.environment import Environment, only_the_simulator, ports, set_up
from example_project.demo.processes import Failed, end_on_signals

WELCOME = """
The clinic is running:

  front page   {web}
  admin        {web}admin/    login demo, password demo
  phones       {phones}    the simulator: read messages, and answer them

The processes log to {logs}. Ctrl-C stops all processes and deletes the demo's database.
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m example_project.demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="send a message, receive the reply, and exit")
    parser.add_argument(
        "--simulator-only", action="store_true", help="run the simulator for a site that is already running"
    )
    parser.add_argument("--port", type=int, default=8000, help="the web port (default: %(default)s)")
    parser.add_argument("--simulator-port", type=int, default=9900, help="the phones' port (default: %(default)s)")
    given = parser.parse_args()
    if given.simulator_only:
        only_the_simulator(given.port, given.simulator_port)
    end_on_signals()
    wanted = (0, 0) if given.once else (given.port, given.simulator_port)
    try:
        with set_up(*ports(*wanted)) as demo:
            once(demo) if given.once else until_interrupted(demo)
    except Failed as error:
        print(f"\nThe demo failed: {error}", *getattr(error, "__notes__", []), sep="\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def once(demo: Environment) -> None:
    from example_project.demo.walkthrough import run

    run(demo)
    print("\nAll steps succeeded.")


def until_interrupted(demo: Environment) -> None:
    print(WELCOME.format(web=demo.web, phones=demo.phones, logs=demo.children.logs), flush=True)
    try:
        while True:
            demo.children.check()
            time.sleep(1)
    except KeyboardInterrupt:
        print("\nStopping all processes; the worker takes a few seconds …", flush=True)


if __name__ == "__main__":
    sys.exit(main())
