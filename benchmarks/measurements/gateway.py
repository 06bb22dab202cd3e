"""The benchmark's gateway itself, with 64 connections, by a minimal client."""

import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from benchmarks.gateway import gateway
from benchmarks.measurement import Options, Row

REQUEST = b"POST /psk/push.php HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"


def measure(options: Options) -> Iterator[Row]:
    with gateway(0) as url:
        port = urlsplit(url).port
        lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(64)]
        rates = []
        for number in range(options.rounds):
            options.step(f"the stand-in, round {number + 1}")
            began = time.perf_counter()
            for _ in range(300):
                for line in lines:
                    line.send(REQUEST)
                for line in lines:
                    line.recv(1000)
            rates.append(300 * len(lines) / (time.perf_counter() - began))
        for line in lines:
            line.close()
    yield Row("answers of the gateway stand-in", rates, at_least=20_000)
