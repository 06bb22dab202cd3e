"""Counting segments: the speed compared to smsutil, and the results compared to a counter by brute force."""

import random
import time
from collections.abc import Callable, Iterator

from benchmarks.measurement import Options, Row

TEXT = ("Hei Kari! Du har time hos dr. Hansen mandag 3. mars kl. 08:15. Svar NEI hvis det ikke passer. " * 3)[:160]
TEXTS = 100_000


def rate(count: Callable[[str], object], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        count(TEXT)
    return times / (time.perf_counter() - began)


def measure(options: Options) -> Iterator[Row]:
    import smsutil

    from django_front_sms.gateway import gsm

    assert len(TEXT) == 160
    ours, theirs = options.in_turn(
        "segments of 160 characters", lambda: rate(gsm.preview, 20_000), lambda: rate(smsutil.split, 200)
    )
    yield Row("segments of a 160-character text, of smsutil", ours, theirs, at_least=20)
    options.step("segments against brute force")
    yield Row(
        f"of {TEXTS:,} random texts, segments counted otherwise than by brute force", [wrong()], unit="", at_most=0
    )


def wrong() -> float:
    from django_front_sms.gateway import gsm

    chance = random.Random(20)
    alphabets = ["abcæøå 1@", "ab€[]~^{}\\|", "abcΔΩ€", "abжя", "a😀b🇳🇴"]
    count = 0
    for _ in range(TEXTS):
        letters = "".join(chance.choice(alphabets) for _ in range(2))
        text = "".join(
            chance.choices(letters, k=chance.choice([1, 69, 70, 71, 133, 134, 135, 159, 160, 161, 306, 307, 400]))
        )
        preview = gsm.preview(text)
        count += preview.segments != by_force(text, preview.encoding)
    return float(count)


BASIC = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = set("\f^{}\\[~]|€")


def by_force(text: str, encoding: str) -> int:
    """Count character by character: one that does not fit into a part is moved to the next."""
    gsm7 = set(text) <= BASIC | EXTENSION
    assert encoding == ("gsm7" if gsm7 else "ucs2")
    costs = [2 if c in EXTENSION else 1 for c in text] if gsm7 else [2 if ord(c) > 0xFFFF else 1 for c in text]
    single, part = (160, 153) if gsm7 else (70, 67)
    if sum(costs) <= single:
        return 1
    parts, room = 1, part
    for cost in costs:
        if cost > room:
            parts, room = parts + 1, part
        room -= cost
    return parts
