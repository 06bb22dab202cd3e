"""The site writes messages at a steady rate: `python -m benchmarks.soak.producer RATE COUNT`, until SIGTERM at most.

Prints the number of written messages several times a second.
"""

import random
import signal
import sys
import time

STEP = 0.2  # seconds
AT_ONCE = 2000  # messages in one call, where it has fallen behind
URGENT_EVERY = 400  # messages
_stopping = False


def _stop(*_: object) -> None:
    global _stopping
    _stopping = True


def main() -> None:
    signal.signal(signal.SIGTERM, _stop)
    import benchmarks.soak.site  # noqa: F401  (sets Django up)
    from django_front_sms import send_many_sms

    rate, count, run = float(sys.argv[1]), int(sys.argv[2]), time.time_ns()
    began, done = time.monotonic(), 0
    while done < count and not _stopping:
        wanted = min(count, int(rate * (time.monotonic() - began)) + 1, done + AT_ONCE)
        if wanted > done:
            send_many_sms([message(run, number) for number in range(done, wanted)])
            done = wanted
            print(done, flush=True)
        time.sleep(STEP)


def message(run: int, number: int) -> dict[str, object]:
    to = f"+479{random.randrange(60_000):07}"
    text = f"Hei! Du har time hos dr. Hansen mandag kl. 10:15. Svar NEI hvis det ikke passer. Referanse {run + number}."
    return {"to": to, "text": text, "priority": "normal" if number % URGENT_EVERY else "urgent"}


if __name__ == "__main__":
    main()
