"""What a worker must be started with so that its wall clock can be set, or its threads can run out."""

import shutil
import struct
import subprocess
from pathlib import Path

from tests.faults.plan import Plan
from tests.faults.servers import Process, Unavailable, unprivileged

_SECONDS = struct.Struct("d")


def surround(worker: Process, plan: Plan, folder: Path) -> None:
    """Give `worker` what the plan's ordeal needs; before its start."""
    if plan.ordeal == "clock-steps":
        set_wall_clock(worker, folder, 0)
        worker.env |= {"LD_PRELOAD": str(_wall_clock(folder)), "FAULTS_WALL": str(_wall_clock_of(worker, folder))}
    elif plan.ordeal == "no-threads":
        worker.command += ["--max-tasks-per-child", "2"]  # so that there are always some that need threads
        rights = "-all,+dac_override"  # root's files stay readable
        worker.command = [*_as_another("--inh-caps", rights, "--ambient-caps", rights), *worker.command]


def _as_another(*options: str) -> list[str]:
    """How to run a command as another user, where we are root, whom a limit of threads does not bind."""
    user = unprivileged()
    if user is None:
        return []
    if shutil.which("setpriv") is None:
        raise Unavailable("setpriv (util-linux) is not installed")
    return ["setpriv", "--reuid", user, "--clear-groups", *options]


def limit_threads(pid: int, number: int) -> None:
    """Set how many threads the user of this process may have when it starts another; only the soft limit."""
    subprocess.run([*_as_another(), "prlimit", "--pid", str(pid), f"--nproc={number}:"], check=False)


def _wall_clock(folder: Path) -> Path:
    """`wall.c`, compiled."""
    library = folder / "wall.so"
    if not library.exists():
        compiler = shutil.which("cc")
        if compiler is None:
            raise Unavailable("a C compiler (cc) is not installed")
        source = Path(__file__).with_name("wall.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True, capture_output=True)
    return library


def _wall_clock_of(worker: Process, folder: Path) -> Path:
    return folder / f"wall-{worker.name}"


def set_wall_clock(worker: Process, folder: Path, seconds: float) -> None:
    """Make it wrong by so many seconds. Its processes have the file mapped, so it is written in place."""
    path = _wall_clock_of(worker, folder)
    with path.open("r+b" if path.exists() else "wb") as file:
        file.write(_SECONDS.pack(seconds))
