"""Where hostile programs run: a server for each level and permission, and the checks of what they leave behind."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from gigaevo.evaluation.sandbox import wire
from gigaevo.evaluation.sandbox.client import ForkServer, RunOutcome, SandboxStartError
from gigaevo.evaluation.sandbox.limits import Limits
from gigaevo.evaluation.sandbox.workers import TrustedWorkers
from tests.hostile.hostile import Hostile, Trial
from tests.hostile.prelude import with_prelude
from tests.hostile.surroundings import Surroundings, condition, new_secret

LIMITS = Limits(wall_time_s=15, memory_mb=256, file_size_mb=8)
SEVERAL = 8  # processes and threads, where a problem allows them
_PATIENCE_S = 20.0  # for folders of many files, which are removed beside the next program

HONEST = """
import json, math, os, random, time, helper, numpy
def entrypoint():
    a = numpy.arange(900.0).reshape(30, 30) + 50 * numpy.eye(30)
    mask = os.umask(0o22)
    return {"honest": 0.25, "root": float(numpy.sqrt(2.0)), "draws": [random.random(), float(numpy.random.rand())],
            "sum": float(numpy.linalg.inv(a).sum()), "files": sorted(os.listdir(".")), "score": helper.score(0.5),
            "text": json.dumps([1.5, "x"]), "pi": numpy.pi, "int": 100 * 2, "floor": math.floor(2.5), "mask": mask,
            "variables": sorted(set(os.environ) - {"LC_CTYPE"}), "priority": os.getpriority(os.PRIO_PROCESS, 0),
            "third": 1 / 3, "clock": time.perf_counter() > 0, "open": open_descriptors()}

def open_descriptors():
    found = []
    for fd in range(64):
        try:
            os.fstat(fd)
        except OSError:
            continue
        found.append(fd)
    return found
"""

# It has written its secret when it listens to the signal that lets it go on.
_VICTIM = """
import os, signal, time
def entrypoint():
    with open("secret.txt", "w") as file:
        file.write("@SECRET@")
    kept = "@SECRET@ in memory"
    told = []
    signal.signal(signal.SIGUSR2, lambda *_: told.append(1))
    while not told:
        time.sleep(0.01)
    return [open("secret.txt").read(), sorted(os.listdir("."))]
"""
_VICTIM_S = 60.0
_LONGER = 4.0


class Unavailable(Exception):
    """The machine does not offer the level; the text says why."""


@dataclass
class Post:
    """A server, and what it is like when nothing hostile has run."""

    server: ForkServer
    level: str
    baseline: Any = None


class Arena:
    """Opens servers when they are needed and keeps them."""

    def __init__(self) -> None:
        _adopt_orphans()
        self.signalled = 0
        self._handler = signal.signal(signal.SIGUSR1, self._on_signal)
        self.surroundings = Surroundings()
        self._posts: dict[tuple[str, tuple[str, ...]], Post] = {}
        self._workers: TrustedWorkers | None = None

    async def close(self) -> None:
        """End all servers and take the surroundings away."""
        for post in self._posts.values():
            await post.server.close()
        if self._workers is not None:
            await self._workers.close()
        self.surroundings.close()
        signal.signal(signal.SIGUSR1, self._handler)

    async def post(self, level: str, allow: tuple[str, ...] = ()) -> Post:
        """The server for ``level`` whose problem allows ``allow``.

        Raises:
            Unavailable: This machine has no such level.
        """
        key = (level, allow)
        if key not in self._posts:
            server = new_server(self.surroundings.problem, level, allow)
            try:
                await server.start()
            except SandboxStartError as error:
                raise Unavailable(str(error)) from None
            post = self._posts[key] = Post(server, level)
            post.baseline = await self.honest(post)
            assert post.baseline["root"] == 2**0.5, post.baseline
            assert post.baseline["score"] == 0.25
            assert post.baseline["files"] in ([], ["artifacts"])
        return self._posts[key]

    async def _give_up(self, post: Post) -> None:
        self._posts = {key: kept for key, kept in self._posts.items() if kept is not post}
        await post.server.close()

    async def honest(self, post: Post) -> Any:
        """What the honest program answers."""
        outcome = await post.server.run({"main.py": HONEST}, "main.py")
        assert outcome.error is None, f"an honest program failed: {outcome.error}"
        assert outcome.output is not None
        return wire.decode(outcome.output)

    async def trial(self, hostile: Hostile, post: Post) -> Trial:
        """Run ``hostile``, beside a victim where it wants one, and score its answer."""
        if not hostile.victim:
            outcome = await self._run(hostile, post, {})
            seconds = limits_of(hostile).wall_time_s
            while hostile.verdict.attacked not in outcome.stdout and seconds < LIMITS.wall_time_s:
                seconds *= _LONGER  # where the machine was too slow for it to begin
                longer = replace(hostile, limits={**hostile.limits, "wall_time_s": seconds})
                outcome = await self._run(longer, post, {})
        else:
            outcome = await self._beside_victim(hostile, post)
        answer, score = None, None
        if outcome.output is not None:
            try:
                answer = wire.decode(outcome.output)
            except wire.WireError as error:
                answer = f"undecodable: {error}"
            score = await (await self.workers()).validate(outcome.output, timeout_s=20)
        return Trial(outcome=outcome, answer=answer, score=score, level=post.level)

    async def workers(self) -> TrustedWorkers:
        """The pool that scores."""
        if self._workers is None:
            self._workers = TrustedWorkers(problem_dir=self.surroundings.problem, size=1, primary_key="fitness")
            await self._workers.start()
            await self._workers.validate("0.25", timeout_s=20)
        return self._workers

    async def _run(self, hostile: Hostile, post: Post, more: dict[str, Any]) -> RunOutcome:
        targets = self.surroundings.targets(server=post.server.pid, **more)
        files = {"main.py": with_prelude(hostile.source, targets), **hostile.files}
        return await post.server.run(files, "main.py", limits=limits_of(hostile))

    async def _beside_victim(self, hostile: Hostile, post: Post) -> RunOutcome:
        assert post.server.pid is not None
        server = psutil.Process(post.server.pid)
        before = {process.pid for process in server.children(recursive=True)}
        text = new_secret()
        limits = Limits(**{**vars(LIMITS), "wall_time_s": _VICTIM_S})
        files = {"main.py": _VICTIM.replace("@SECRET@", text)}
        victim = asyncio.create_task(post.server.run(files, "main.py", limits=limits))
        pid = 0
        while not (pid and listens(pid)):
            await asyncio.sleep(0.005)
            assert not victim.done(), f"the victim ended before the attack: {victim.result()}"
            pid = next((process.pid for process in server.children(recursive=True) if process.pid not in before), 0)
        outcome = await self._run(hostile, post, {"victim": pid, "victim_folder": self._folder_of(pid)})
        assert not victim.done(), f"the victim ended with the attack: {victim.result()}"
        os.kill(pid, signal.SIGUSR2)
        told = await victim
        assert told.error is None, f"the victim was harmed: {told.error}"
        assert told.output is not None
        written, files = wire.decode(told.output)
        assert written == text, f"the victim's file was changed: {written!r}"
        assert set(files) <= {"secret.txt", "artifacts"}, f"the victim's folder was changed: {files}"
        return outcome

    def _folder_of(self, pid: int) -> str:
        try:
            return str(Path(f"/proc/{pid}/cwd").readlink())
        except OSError:
            for path in self.surroundings.temporary.glob("*/*/secret.txt"):
                return str(path.parent)
            return ""

    def _on_signal(self, number: int, frame: Any) -> None:
        self.signalled += 1

    # What is left behind

    def before(self, post: Post) -> dict[str, Any]:
        """What to compare with in ``complaints``."""
        assert post.server.pid is not None
        return {
            "state": self.surroundings.state(),
            "server": post.server.pid,
            "server's condition": condition(post.server.pid),
            "processes": descendants(),
            "scratch": self._scratch(),
        }

    async def complaints(self, post: Post, before: dict[str, Any]) -> list[str]:
        """What is not as it was ``before``; an honest program among it."""
        found = []
        if post.server.pid != before["server"]:
            found.append("the server died")
        elif condition(before["server"]) != before["server's condition"]:
            found.append(f"the server's condition changed to {condition(before['server'])}")
        try:
            answer = await self.honest(post)
        except AssertionError as failure:
            await self._give_up(post)  # so that the next program finds a server that works
            return [*found, str(failure)]
        if answer != post.baseline:
            found.append(f"an honest program now answers {answer}, not {post.baseline}")
        left = await self._left(post, before)
        found += left
        found += [f"something reached the host's {name} server" for name in self.surroundings.arrived()]
        found += [f"it left {mark}" for mark in self.surroundings.marks()]
        state = self.surroundings.state()
        found += _differences(before["state"], state)
        if self.signalled:
            found.append("it signalled the tests")
            self.signalled = 0
        return found

    async def _left(self, post: Post, before: dict[str, Any]) -> list[str]:
        """Processes and files that stay; many files are removed beside the next programs, so these are run."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            left = [f"a process is left: {_shown(pid)}" for pid in descendants() - before["processes"]]
            left += [f"a file is left: {path}" for path in self._scratch() - before["scratch"]]
            if not left or time.monotonic() > deadline:
                return left
            await asyncio.sleep(0.2)
            await self.honest(post)

    def _scratch(self) -> set[str]:
        """Scratch folders that are there; servers have one folder each, with nothing in it between programs."""
        return {str(path) for path in self.surroundings.temporary.glob("*/*")}


def listens(pid: int) -> bool:
    """Whether a process catches SIGUSR2."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return False
    caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt:"))
    return bool(caught >> (signal.SIGUSR2 - 1) & 1)


def limits_of(hostile: Hostile) -> Limits:
    """The caps that ``hostile`` runs under."""
    several = {"processes": SEVERAL} if {"processes", "threads"} & set(hostile.allow) else {}
    return Limits(**{**vars(LIMITS), **several, **hostile.limits})


def new_server(problem: Path, level: str, allow: tuple[str, ...] = ()) -> ForkServer:
    """A server of the suite's problem, not started."""
    return ForkServer(
        problem_dir=problem,
        has_context_file=False,
        limits=LIMITS,
        level=level,
        allow=allow,
        hidden=("hidden/*",),
    )


def descendants() -> set[int]:
    """Process ids of all that this process started, directly or not; orphans among them come to us."""
    return {process.pid for process in psutil.Process().children(recursive=True)}


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def _shown(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        return f"{pid} {process.status()} {' '.join(process.cmdline())[:200]}"
    except psutil.Error:
        return str(pid)


def _differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    found = []
    for name, value in before.items():
        if name == "files":
            changed = {key for key in value.keys() | after["files"].keys() if value.get(key) != after["files"].get(key)}
            found += [f"{key} was changed: {value.get(key)} -> {after['files'].get(key)}" for key in sorted(changed)]
        elif value != after[name]:
            found.append(f"{name} was changed: {value} -> {after[name]}")
    return found
