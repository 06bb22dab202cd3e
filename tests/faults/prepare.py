"""Start a worker so that its wall clock can be set, or its number of threads limited."""

import shutil
import struct
import subprocess
from pathlib import Path

from tests.faults.plan import Plan
from tests.faults.servers import Process, Unavailable, unprivileged

_SECONDS = struct.Struct("d")


def prepare(worker: Process, plan: Plan, folder: Path) -> None:
    """Change the command and environment of `worker`, before its start, as the plan's fault needs."""
    if plan.environment_fault == "clock-steps":
        set_wall_clock(worker, folder, 0)
        worker.env |= {"LD_PRELOAD": str(_wall_clock(folder)), "FAULTS_WALL": str(_wall_clock_of(worker, folder))}
    elif plan.environment_fault == "no-threads":
        worker.command += ["--max-tasks-per-child", "2"]  # so that new children need threads throughout the run
        rights = "-all,+dac_override"  # root's files stay readable
        worker.command = [*_as_another("--inh-caps", rights, "--ambient-caps", rights), *worker.command]


def _as_another(*options: str) -> list[str]:
    """Return the prefix to run a command as another user if this user is root, whose threads cannot be limited."""
    user = unprivileged()
    if user is None:
        return []
    if shutil.which("setpriv") is None:
        raise Unavailable("setpriv (util-linux) is not installed")
    return ["setpriv", "--reuid", user, "--clear-groups", *options]


def limit_threads(pid: int, number: int) -> None:
    """Set the soft limit of threads (`RLIMIT_NPROC`) of this process."""
    subprocess.run([*_as_another(), "prlimit", "--pid", str(pid), f"--nproc={number}:"], check=False)


def _wall_clock(folder: Path) -> Path:
    """Compile `wall.c`, and return the library."""
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
    """Set the offset of the worker's wall clock. The file is written in place, since processes have it mapped."""
    path = _wall_clock_of(worker, folder)
    with path.open("r+b" if path.exists() else "wb") as file:
        file.write(_SECONDS.pack(seconds))
