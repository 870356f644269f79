"""What hostile programs would like to reach: planted secrets, a problem with answers, servers, processes, memory.

All of it is open to every user of the machine, so that nothing but the sandbox protects it.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import py_compile
import secrets
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import psutil

CHECKOUT = Path(__file__).resolve().parents[2]
DATA = "1,2,3\n"
HELPER = "def score(value):\n    return min(abs(value), 1.0) / 2\n"
VALIDATE = """
import math

import helper

ANSWER = "{secret}"


def validate(output):
    if output == ANSWER:
        return {{"fitness": 1.0}}
    if isinstance(output, bool) or not isinstance(output, (int, float)) or not math.isfinite(output):
        raise ValueError("expected a finite number")
    return {{"fitness": helper.score(output)}}
"""
_KEY_FILES = (
    ".ssh/id_rsa",
    ".env",
    ".bash_history",
    ".netrc",
    ".aws/credentials",
    ".config/keys.json",
    ".bashrc",
)
_MARKED = ("/tmp", "/var/tmp", "/dev/shm", "/etc", "/etc/cron.d", "/usr/local/bin", "/var/lib", "/", "/root", "/home")
_SYSTEM = ("/dev", "/run", "/run/lock", "/work", "/sys", "/proc")


def new_secret() -> str:
    """A secret that is recognised as one."""
    return f"SECRET-{secrets.token_hex(8)}"


class Surroundings:
    """Plants everything at construction; ``close`` takes it away."""

    def __init__(self) -> None:
        self.token = secrets.token_hex(6)
        self.root = Path(tempfile.mkdtemp(prefix="gx-hostile-", dir="/tmp"))
        self.root.chmod(0o755)
        self.temporary = self._folder("tmp")
        self._real_home = os.environ.get("HOME", "/")
        self._plant_home()
        self._plant_problem()
        self._environment = {"OPENAI_API_KEY": new_secret(), "HOME": str(self.root / "home")}
        self._saved = {name: os.environ.get(name) for name in self._environment}
        os.environ.update(self._environment)
        self._saved_temporary, tempfile.tempdir = tempfile.tempdir, str(self.temporary)
        self._sockets = dict(self._listen())
        self.sibling = subprocess.Popen(
            ["sleep", "3600"], env={"SIBLING_KEY": new_secret()}, start_new_session=True, stdin=subprocess.DEVNULL
        )
        self._ipc = int(self.token[:7], 16)

    def close(self) -> None:
        """Remove all that was planted."""
        self.sibling.kill()
        self.sibling.wait()
        for sock in self._sockets.values():
            sock.close()
        for name, value in self._saved.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        tempfile.tempdir = self._saved_temporary
        shutil.rmtree(self.root, ignore_errors=True)

    def targets(self, **more: Any) -> dict[str, Any]:
        """What a hostile program is told; everything but the secrets."""
        return {
            "token": self.token,
            "ipc": self._ipc,
            "home": str(self.root / "home"),
            "real_home": self._real_home,
            "problem": str(self.problem),
            "beside": str(self.root / "secret.txt"),
            "artifact_trap": str(self.root / "trap"),
            "tmp": str(self.temporary),
            "run": str(self.root / "run"),
            "site": sysconfig.get_paths()["purelib"],
            "stdlib": sysconfig.get_paths()["stdlib"],
            "checkout": str(CHECKOUT),
            "tcp": self._sockets["tcp"].getsockname()[1],
            "tcp6": self._sockets["tcp6"].getsockname()[1],
            "udp": self._sockets["udp"].getsockname()[1],
            "unix": str(self.root / "run" / "stream"),
            "dgram": str(self.root / "run" / "datagram"),
            "abstract": f"gx-{self.token}",
            "sibling": self.sibling.pid,
            "test": os.getpid(),
            "server": 0,
            "victim": 0,
            "victim_folder": "",
            **more,
        }

    # What programs may have done to it

    def arrived(self) -> list[str]:
        """What reached the servers of the host since the last time."""
        found = []
        for name, sock in self._sockets.items():
            while True:
                try:
                    if sock.type == socket.SOCK_STREAM:
                        sock.accept()[0].close()
                    else:
                        sock.recv(1000)
                except BlockingIOError:
                    break
                found.append(name)
        return found

    def state(self) -> dict[str, Any]:
        """Everything that no program may change, for comparison."""
        return {
            "files": dict(self._files()),
            "packages": [_stamp(Path(path)) for path in (os.__file__, numpy.__file__, sys.executable)],
            "mounts": sorted(
                line for line in Path("/proc/self/mounts").read_text().splitlines() if str(self.root) in line
            ),
            "sibling": condition(self.sibling.pid),
            "tests": condition(os.getpid()),
            "host": os.uname().nodename,
        }

    def marks(self) -> list[str]:
        """What programs left in folders that are not theirs, or in the kernel."""
        target = self.targets()
        folders = {*_MARKED, *_SYSTEM, target["site"], target["stdlib"], target["checkout"], target["real_home"]}
        folders |= {f"{folder}/__pycache__" for folder in (target["site"], target["stdlib"])}
        found = []
        for folder in sorted(folders):
            for suffix in ("", "-d", "-l", "-f", ".pth", ".pyc", "-0"):
                path = f"{folder}/gx-{self.token}{suffix}"
                if os.path.lexists(path):
                    found.append(path)
        return found + self._kernel_marks()

    def _kernel_marks(self) -> list[str]:
        found = []
        for kind in ("shm", "msg", "sem"):
            table = Path(f"/proc/sysvipc/{kind}")
            if table.exists():
                keys = {int(line.split()[0]) & 0xFFFFFFFF for line in table.read_text().splitlines()[1:]}
                found += [f"SysV {kind} {key}" for key in range(self._ipc, self._ipc + 16) if key in keys]
        keys_file = Path("/proc/keys")
        if keys_file.exists() and f"gx-{self.token}" in keys_file.read_text():
            found.append("a key of the kernel")
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mq_unlink") and libc.mq_unlink(f"/gx-{self.token}".encode()) == 0:
            found.append("a POSIX message queue")
        return found

    # Planting

    def _folder(self, name: str) -> Path:
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o777)
        return path

    def _file(self, name: str, text: str) -> None:
        path = self.root / name
        if not path.parent.exists():
            self._folder(str(path.parent.relative_to(self.root)))
        path.write_text(text, encoding="utf-8")
        path.chmod(0o666)

    def _plant_home(self) -> None:
        self._folder("home")
        for name in _KEY_FILES:
            self._file(f"home/{name}", f"API_KEY={new_secret()}\n")
        self._file("secret.txt", new_secret())
        self._file("trap/secret.txt", new_secret())
        self._folder("run")

    def _plant_problem(self) -> None:
        self.problem = self._folder("problem")
        self._file("problem/helper.py", HELPER)
        self._file("problem/data.csv", DATA)
        self._file("problem/problem.yaml", "display_name: hostile\n")
        for name in ("validate", "verify", "driver"):
            self._file(f"problem/{name}.py", VALIDATE.format(secret=new_secret()))
            py_compile.compile(str(self.problem / f"{name}.py"))
        self._file("problem/hidden/answers.json", f'"{new_secret()}"')
        self._file("problem/hidden/answers.py", f'ANSWER = "{new_secret()}"\n')
        self._file("problem/initial_programs/good.py", f'ANSWER = "{new_secret()}"\n')
        (self.problem / "__pycache__").chmod(0o777)

    def _listen(self) -> Iterator[tuple[str, socket.socket]]:
        yield "tcp", _bound(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
        yield "tcp6", _bound(socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0))
        yield "udp", _bound(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))
        for kind, name in ((socket.SOCK_STREAM, "stream"), (socket.SOCK_DGRAM, "datagram")):
            path = self.root / "run" / name
            yield f"unix {name}", _bound(socket.AF_UNIX, kind, str(path))
            path.chmod(0o777)
        yield "abstract", _bound(socket.AF_UNIX, socket.SOCK_STREAM, f"\0gx-{self.token}")
        yield "abstract datagram", _bound(socket.AF_UNIX, socket.SOCK_DGRAM, f"\0gx-{self.token}-dgram")

    def _files(self) -> Iterator[tuple[str, Any]]:
        for folder, folders, names in os.walk(self.root):
            if folder == str(self.root):
                folders.remove("tmp")
            if folder == str(self.problem / "__pycache__"):
                names = [name for name in names if not name.startswith("helper.")]  # the server's own
            for name in (*names, *folders):
                path = Path(folder, name)
                yield str(path.relative_to(self.root)), _stamp(path)


def _bound(family: int, kind: int, address: Any) -> socket.socket:
    sock = socket.socket(family, kind)
    sock.bind(address)
    if kind == socket.SOCK_STREAM:
        sock.listen(50)
    sock.setblocking(False)
    return sock


def _stamp(path: Path) -> tuple[Any, ...]:
    info = path.lstat()
    # The times and links of a folder whose bytecode our own processes may write say nothing.
    own = path.name == "__pycache__" or (path.is_dir() and (path / "__pycache__").exists())
    stamp: tuple[Any, ...] = (info.st_mode, info.st_uid, info.st_gid, () if own else (info.st_mtime_ns, info.st_nlink))
    if path.is_file() and not path.is_symlink():
        stamp += (hashlib.sha256(path.read_bytes()).hexdigest(), tuple(os.listxattr(path)))
    return stamp


def condition(pid: int) -> tuple[Any, ...]:
    """What others could change of a process: whether it goes on, its priorities, processors and limits."""
    process = psutil.Process(pid)
    alive = process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
    limits: tuple[Any, ...] = ()
    with contextlib.suppress(psutil.AccessDenied):  # of a process that hides from its own user
        limits = tuple(process.rlimit(kind) for kind in (psutil.RLIMIT_NOFILE, psutil.RLIMIT_CPU, psutil.RLIMIT_AS))
    return alive, process.nice(), tuple(process.cpu_affinity()), tuple(process.ionice()), limits
