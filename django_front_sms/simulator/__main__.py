"""`python -m django_front_sms.simulator`: the simulator on a port, until interrupted."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Sequence

from django_front_sms.gateway.codes import StatusCode

from .accounts import Account
from .chaos import Chaos
from .network import Network
from .rules import Rules
from .server import Simulator


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m django_front_sms.simulator",
        description="Pretends to be Front's SMS gateway. Open the address it prints to see the phones.",
    )
    option = parser.add_argument
    option("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    option("--port", type=int, default=9900, help="port to listen on, 0 for a free one (default: %(default)s)")
    option("--service-id", type=int, default=1234, help="serviceid of the account (default: %(default)s)")
    option("--password", help="the account's password; without one it needs none")
    option("--sender", action="append", default=[], dest="senders", metavar="TEXT_OR_NUMBER",
           help="a registered sender; may be repeated. PSK numbers under 26114 and short codes need none")  # fmt: skip
    option("--status-url", default="", help="where delivery statuses are pushed")
    option("--inbound-url", default="", help="where inbound messages are pushed")
    option("--inbound-api", choices=["json", "get"], default="json", help="how (default: %(default)s)")
    option("--no-duplicate-filter", action="store_false", dest="duplicate_filter", help="take the same message twice")
    option("--priced", action="store_true", help="allow priced messages")
    option("--balance", type=int, metavar="SEGMENTS", help="what is left on the account (default: endless)")
    option("--blacklist", action="append", default=[], metavar="NUMBER", help="a number refused with 21, as +47…")
    option("--dead", action="append", default=[], metavar="NUMBER", help="a number whose messages fail, as +47…")
    option("--status-delay", type=float, default=2.0, metavar="SECONDS",
           help="when the last status comes; the first comes after a quarter of it (default: %(default)s)")  # fmt: skip
    option("--off", action="append", default=[], metavar="NUMBER", help="a phone that is switched off, as +47…")
    option("--allow-ip", action="append", metavar="ADDRESS", dest="allowed_ips",
           help="an address or network that may send; others get 2. May be repeated (default: all may)")  # fmt: skip
    option("--https-required", action="store_true", help="refuse plain http with 18; see --certificate")
    option("--certificate", nargs=2, metavar=("CERT", "KEY"), help="files in PEM: speak https on the port")
    option("--doubled-mms", action="store_true", help="encode the pictures of an MMS as the manual's sample is")
    option("--lifelike", action="store_true",
           help="statuses as on an ordinary day: some late, some in the wrong order, some never")  # fmt: skip
    option("--rule", action="append", default=[], metavar="NAME=VALUE", dest="rules",
           help="changes what the manual leaves open; may be repeated. " + ", ".join(Rules.notes()))  # fmt: skip
    option("--latency", type=float, default=0.0, metavar="MS", help="wait before each answer")
    option("--chaos", type=float, default=0.0, metavar="P", help="probability from 0 to 1 that a request goes wrong")
    option("--chaos-pushes", type=float, default=0.0, metavar="P",
           help="probability from 0 to 1 that a push is repeated, late or lost")  # fmt: skip
    option("--first-id", type=int, metavar="N",
           help="where the ids of messages and files begin, for a site that remembers ids of an earlier run "
                "(default: at the manual's; `front_sms simulate` asks the site)")  # fmt: skip
    option("--seed", type=int, help="makes the chaos repeatable")
    return parser


def build(arguments: Sequence[str] | None = None) -> Simulator:
    """A running simulator, as the command line describes it."""
    given = build_parser().parse_args(arguments)
    account = Account(
        given.service_id, given.password, given.senders, priced=given.priced, balance=given.balance,
        duplicate_filter=given.duplicate_filter, status_url=given.status_url, inbound_url=given.inbound_url,
        inbound_api=given.inbound_api, allowed_ips=given.allowed_ips,
    )  # fmt: skip
    plan = ((given.status_delay / 4, StatusCode.AT_OPERATOR), (given.status_delay, StatusCode.DELIVERED))
    network = Network(
        account, status_plan=plan, blacklist=given.blacklist, dead=given.dead, off=given.off,
        https_only=given.https_required, rules=_rules(given),
        chaos=Chaos(given.chaos, pushes=given.chaos_pushes, seed=given.seed), first_id=given.first_id,
    )  # fmt: skip
    tls = tuple(given.certificate) if given.certificate else None
    return Simulator(network, host=given.host, port=given.port, latency=given.latency / 1000, live=True, tls=tls)


def _rules(given: argparse.Namespace) -> Rules:
    rules = Rules.lifelike() if given.lifelike else Rules()
    rules.doubled_pictures = given.doubled_mms
    for pair in given.rules:
        name, _, value = pair.partition("=")
        rules.change(name.replace("-", "_"), value)
    return rules


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs until SIGINT or SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        simulator = build(arguments)
    except (ValueError, OSError) as error:  # a rule that is none, a port that is taken
        raise SystemExit(f"{build_parser().prog}: {error}") from None
    with simulator:
        sys.stdout.write(f"Phones: {simulator.origin}/\nGateway: {simulator.url}\n")
        sys.stdout.flush()
        stopped.wait()


if __name__ == "__main__":
    main()
