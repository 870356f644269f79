"""The ``container`` level: the warm server, and with it every program, in a container of podman or docker.

The container has no network, no capabilities, and a root of its own that shows what programs may read; within it the
server confines each program as it can there. The client and the server talk through a socket in a folder that both see.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gigaevo.evaluation.sandbox.process import SandboxStartError

LEVEL = "container"
ENGINES = ("podman", "docker")
SCRATCH = "/scratch"
CHANNEL = "/channel"
SOCKET = "socket"

PROTECTIONS = frozenset(
    {"container", "filesystem", "network", "processes", "scratch", "signals", "user", "descendants"}
)
"""What the container adds to what the server holds to within it."""

_NOBODY = "65534:65534"
_MOST_FILES, _MOST_TASKS = 4096, 4096
_SKELETON = ("proc", "sys", "dev", "tmp", "run", "etc")


@dataclass(frozen=True, kw_only=True)
class Container:
    """How the server's container is started.

    Attributes:
        engine: Command of podman or docker, with options such as ``podman --runtime runc``; empty for whichever is
            found.
        image: Image to start from; empty for an empty root, which podman can do and docker cannot.
        scratch_mb: MiB of its file system in memory, which the scratch folders of all programs share.
    """

    engine: str = ""
    image: str = ""
    scratch_mb: int = 1024

    def command(self) -> list[str]:
        """Words of the engine's command.

        Raises:
            SandboxStartError: There is no engine, or it cannot do without an image.
        """
        if self.engine:
            words = shlex.split(self.engine)
            if shutil.which(words[0]) is None:
                raise SandboxStartError(f"sandbox.engine={self.engine}: there is no command {words[0]!r}")
        else:
            words = [name for name in ENGINES if shutil.which(name)][:1]
        if not words:
            raise SandboxStartError(
                "sandbox=container: neither podman nor docker is on this machine; install one, or use sandbox=auto"
            )
        if "docker" in Path(words[0]).name and not self.image:
            raise SandboxStartError(
                "sandbox=container: docker needs an image to start from; give sandbox.image=<any image>, or use podman"
            )
        return words

    def run(
        self, base: Path, visible: Iterable[str], env: Mapping[str, str], module: str, *, executables: bool = False
    ) -> list[str]:
        """The whole command that starts ``module`` in a container, which then connects to our socket.

        Args:
            base: A folder of ours for the root and for the socket's folder.
            visible: Absolute paths that are shown, read-only, under their own names.
            env: The server's whole environment.
            module: Run as ``python -m module <path of the socket>``.
            executables: Whether programs may execute files that lie in their scratch folders.

        Raises:
            SandboxStartError: See ``command``; or a path that cannot be shown.
        """
        shown = [*visible, str(_package_root() / "gigaevo"), str(Path(sys.executable).parent)]
        shown += [str(Path(sys.executable).resolve().parent)]
        links = {path: Path(path).readlink() for path in shown if path.count("/") == 1 and Path(path).is_symlink()}
        mounts = []
        for path in dict.fromkeys(path for path in shown if path not in links):
            if ":" in path or "," in path:
                raise SandboxStartError(f"sandbox=container: {path} cannot be shown: containers take no ':' in a path")
            mounts += ["--volume", f"{path}:{path}:ro"]
        return [
            *self.command(),
            "run", "--rm", "--network=none", "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges",
            f"--ulimit=nofile={_MOST_FILES}:{_MOST_FILES}", f"--ulimit=nproc={_MOST_TASKS}:{_MOST_TASKS}",
            "--user", _NOBODY, "--workdir", "/",
            "--tmpfs", f"{SCRATCH}:rw,nosuid,nodev,{'exec,' if executables else ''}size={self.scratch_mb}m,mode=1777",
            "--volume", f"{_channel_folder(base)}:{CHANNEL}",
            *mounts,
            *(word for name, value in env.items() for word in ("--env", f"{name}={value}")),
            *([self.image] if self.image else ["--rootfs", str(_empty_root(base, links))]),
            sys.executable, "-s", "-P", "-X", "utf8", "-m", module, f"{CHANNEL}/{SOCKET}",
        ]  # fmt: skip


def socket_path(base: Path) -> Path:
    """Where the client listens. Other users cannot reach it: ``base`` is closed to them, and the container sees only
    the folder within."""
    return _channel_folder(base) / SOCKET


def _channel_folder(base: Path) -> Path:
    folder = base / "channel"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o711)
    return folder


def _empty_root(base: Path, links: Mapping[str, Path]) -> Path:
    root = base / "root"
    for name in _SKELETON:
        (root / name).mkdir(parents=True, exist_ok=True)
    for path, target in links.items():
        if not os.path.lexists(root / path.lstrip("/")):
            (root / path.lstrip("/")).symlink_to(target)
    return root


def _package_root() -> Path:
    return Path(__file__).resolve().parents[3]
