"""Whether this machine can run containers, asked of its engine alone."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ENGINES = ("podman", "podman --runtime runc")
_LIMITS = ("--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096")


def container_engine(folder: Path) -> tuple[str, str]:
    """The command of podman that runs a container here, or an empty text and why there is none.

    Args:
        folder: Where an empty root may be made.
    """
    if not shutil.which("podman"):
        return "", "podman is not installed"
    root = folder / "root"
    for name in ("proc", "sys", "dev", "tmp", "run", "etc", "usr"):
        (root / name).mkdir(parents=True)
    for path in (Path("/bin"), Path("/lib"), Path("/lib64")):
        if path.is_symlink():
            (root / path.name).symlink_to(path.readlink())
    reason = ""
    for engine in ENGINES:
        asked = [*engine.split(), "run", "--rm", "--network=none", "--read-only", "--cap-drop=all", *_LIMITS]
        asked += ["--user=65534:65534", "--volume=/usr:/usr:ro", "--rootfs", str(root), "/usr/bin/true"]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=60)
        if done.returncode == 0:
            return engine, ""
        reason = f"podman cannot run a container here: {done.stderr.strip()}"
    return "", reason
