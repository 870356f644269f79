"""What a program may use, and how its process is held to it."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, fields

MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Caps on one program.

    Attributes:
        wall_time_s: Seconds until the process group is killed.
        cpu_time_s: CPU seconds, rounded up to whole ones; None for one more than ``wall_time_s``.
        memory_mb: Address space in MiB beyond what the warm server has already.
        file_size_mb: Largest file it may write, in MiB.
        open_files: Most open file descriptors.
        processes: Most processes and threads, itself included. 1: it can start none.
        scratch_mb: Most that its scratch folder may hold, in MiB.
        output_bytes: Longest answer, encoded.
        stdio_bytes: Most bytes on standard output, and as many on standard error.

    Raises:
        ValueError: A cap is not positive.
    """

    wall_time_s: float = 60.0
    cpu_time_s: float | None = None
    memory_mb: int = 1024
    file_size_mb: int = 16
    open_files: int = 64
    processes: int = 1
    scratch_mb: int = 64
    output_bytes: int = 4 * MIB
    stdio_bytes: int = 64 * 1024

    def __post_init__(self) -> None:
        for name in (each.name for each in fields(Limits)):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be positive; it is {value!r}")

    @property
    def cpu_seconds(self) -> int:
        """The cap on CPU time as the kernel takes it."""
        return math.ceil(self.wall_time_s + 1 if self.cpu_time_s is None else self.cpu_time_s)


def apply(limits: Limits, base_address_space: int, *, other_tasks: int) -> None:
    """Hold this process, and all it starts, to ``limits``.

    Args:
        limits: The caps.
        base_address_space: Bytes of address space in use before the program starts.
        other_tasks: Processes and threads that the kernel counts together with this process.
    """
    import resource

    caps = [
        (resource.RLIMIT_AS, base_address_space + limits.memory_mb * MIB),
        (resource.RLIMIT_FSIZE, limits.file_size_mb * MIB),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
    ]
    if limits.processes == 1:
        caps.append((resource.RLIMIT_NPROC, 1))  # reached already: nothing can be started
    else:
        caps.append((resource.RLIMIT_NPROC, other_tasks + limits.processes))
    for kind, value in caps:
        value = _within(value, resource.getrlimit(kind)[1])
        resource.setrlimit(kind, (value, value))
    # The soft limit sends SIGXCPU, which tells a time-out from other deaths; the hard one kills.
    hard = _within(limits.cpu_seconds + 1, resource.getrlimit(resource.RLIMIT_CPU)[1])
    resource.setrlimit(resource.RLIMIT_CPU, (min(limits.cpu_seconds, hard), hard))


def cap_memory(memory_mb: int) -> None:
    """Cap the address space of this process, ``memory_mb`` MiB beyond what it has, and let it leave no core."""
    import resource

    value = _within(address_space() + memory_mb * MIB, resource.getrlimit(resource.RLIMIT_AS)[1])
    resource.setrlimit(resource.RLIMIT_AS, (value, value))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def address_space() -> int:
    """Bytes of address space this process has; 0 where the system does not say."""
    return _pages(0) * os.sysconf("SC_PAGE_SIZE")


def held_mb() -> float:
    """Resident memory of this process in MiB, pages that it shares included; 0 where the system does not say."""
    return _pages(1) * os.sysconf("SC_PAGE_SIZE") / MIB


def _pages(field: int) -> int:
    """A figure of /proc/self/statm; 0 where there is none. By the shortest way, as it is on that of every program."""
    try:
        descriptor = os.open("/proc/self/statm", os.O_RDONLY)
    except OSError:
        return 0
    try:
        return int(os.read(descriptor, 200).split()[field])
    finally:
        os.close(descriptor)


def _within(value: int, hard: int) -> int:
    return value if hard < 0 else min(value, hard)  # RLIM_INFINITY is negative
