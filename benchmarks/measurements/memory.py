"""The memory of a worker after many messages, compared to one after a few thousand."""

from collections.abc import Callable, Iterator

from benchmarks.measurement import Options, Row
from benchmarks.processes import run_in_processes
from benchmarks.sending import enqueue, gateway, sending_to

FEW, AT_ONCE = 2_000, 2_000


def measure(options: Options) -> Iterator[Row]:
    from django_front_sms import outbox

    def sends(messages: int) -> Callable[[], None]:
        def work() -> None:
            for _ in range(0, messages, AT_ONCE):
                enqueue(AT_ONCE)
                outbox.run()

        return work

    many = max(20_000, 40 * options.count)
    what = f"memory of a worker after {many:,} messages, of after {FEW:,}"
    options.step(what)
    with gateway(0) as url, sending_to(url):
        looks = [run_in_processes(1, sends(messages)).memory / 1024 for messages in (many, FEW)]
    yield Row(what, looks[:1], looks[1:], unit=" MiB", at_most=1.1)
