"""Threads that make pushes when they are due."""

from __future__ import annotations

import threading

from .network import Network

IDLE_WAIT = 0.5  # seconds; at most this long between two looks at the queue


class PushThreads:
    """A few threads that make due pushes until `stop`. While one waits for a slow site, the others continue."""

    def __init__(self, network: Network, threads: int = 4) -> None:
        self._network = network
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"front-push-{n}", daemon=True) for n in range(threads)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads, without waiting for a thread that waits for a slow site: it ends afterwards."""
        self._stopped.set()
        self._network.wake()
        for thread in self._threads:
            thread.join(timeout=1)

    def _run(self) -> None:
        while not self._stopped.is_set():
            if not self._network.deliver_next():
                self._network.wait_for_work(IDLE_WAIT)
