"""Limits, frames, scratch folders, and the server on a system without pidfd."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.evaluation.sandbox.frames import Unpacker, pack
from gigaevo.evaluation.sandbox.limits import Limits
from gigaevo.evaluation.sandbox.process import environment
from gigaevo.evaluation.sandbox.scratch import remove_tree


@given(st.lists(st.tuples(st.dictionaries(st.text(), st.integers()), st.lists(st.binary()))), st.integers(1, 50))
def test_messages_survive_any_cutting(messages: list[tuple[dict[str, int], list[bytes]]], size: int) -> None:
    stream = b"".join(pack({"body": header}, *payloads) for header, payloads in messages)
    unpacker = Unpacker()
    received = [
        (header["body"], payloads)
        for start in range(0, len(stream), size)
        for header, payloads in unpacker.feed(stream[start : start + size])
    ]
    assert received == messages


@pytest.mark.parametrize("name", ["wall_time_s", "cpu_time_s", "memory_mb", "processes", "output_bytes"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_limit_that_allows_nothing_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be positive"):
        Limits(**{name: value})  # type: ignore[arg-type]


def test_cpu_time_follows_wall_time_unless_it_is_given() -> None:
    assert Limits(wall_time_s=2.5).cpu_seconds == 4
    assert Limits(wall_time_s=2.5, cpu_time_s=1.2).cpu_seconds == 2


def test_the_environment_of_a_process_of_ours_has_no_more_than_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_API_KEY", "sk-secret")
    variables = environment()
    assert set(variables) == {
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "PYTHONPATH",
        "PYTHONHASHSEED",
    }


def deep_tree(folder: Path, depth: int) -> None:
    """A chain of folders whose path no system call could take."""
    folder.mkdir()
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d" * 50, dir_fd=here)
        below = os.open("d" * 50, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def test_any_tree_is_removed_and_links_are_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("kept")
    scratch = tmp_path / "scratch"
    deep_tree(scratch, 1500)
    (scratch / "link").symlink_to(precious)
    (scratch / "dangling").symlink_to("nowhere")
    os.mkfifo(scratch / "pipe")
    for number in range(3000):
        (scratch / str(number)).touch()
    (scratch / "locked").mkdir()
    (scratch / "locked" / "inner").mkdir()
    (scratch / "locked").chmod(0)
    assert remove_tree(str(scratch))
    assert list(tmp_path.iterdir()) == [precious]
    assert (precious / "file").read_text() == "kept"


def test_removal_can_stop_early_and_be_taken_up_again(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for number in range(2500):
        (scratch / str(number)).touch()
    assert not remove_tree(str(scratch), most=1000)
    assert len(list(scratch.iterdir())) == 1500
    assert remove_tree(str(scratch), most=10_000)
    assert list(tmp_path.iterdir()) == []


WITHOUT_PIDFD = "import os; del os.pidfd_open; from gigaevo.evaluation.sandbox.forkserver import main; main()"


def test_without_pidfd_the_end_of_a_child_is_noticed_as_well(tmp_path: Path) -> None:
    (tmp_path / "problem").mkdir()
    (tmp_path / "scratch").mkdir()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        server = subprocess.Popen(
            [sys.executable, "-c", WITHOUT_PIDFD, str(theirs.fileno())], pass_fds=[theirs.fileno()], env=environment()
        )
        theirs.close()
        unpacker = Unpacker()

        def replies(count: int) -> list[dict[str, object]]:
            headers: list[dict[str, object]] = []
            while len(headers) < count:
                headers += [header for header, _ in unpacker.feed(ours.recv(65536))]
            return headers

        start = {"problem_dir": str(tmp_path / "problem"), "preload": [], "has_context_file": False, "level": "process"}
        more = {"allow": [], "hidden": [], "readable": [], "scratch_mb": 1}
        ours.sendall(pack({**start, **more, "id": 0, "scratch_root": str(tmp_path / "scratch")}))
        assert "failed" not in replies(1)[0]
        sources = {b"def entrypoint(): return 1": 30.0, b"import os; os._exit(3)": 30.0, b"while True: pass": 0.5}
        for number, (source, seconds) in enumerate(sources.items()):
            limits = vars(Limits(wall_time_s=seconds))
            ours.sendall(pack({"op": "run", "id": number, "entry": "m", "limits": limits, "paths": ["m"]}, source))
        errors = {header["id"]: header["ends"][0]["error"] for header in replies(3)}  # type: ignore[index]
        assert errors[0] is None
        assert errors[1]["kind"] == "exit"  # type: ignore[index]
        assert errors[2]["kind"] == "timeout"  # type: ignore[index]
    assert server.wait(timeout=30) == 0
