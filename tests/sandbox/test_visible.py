"""What programs may see of the disk."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gigaevo.evaluation.sandbox.visible import (
    interpreter_paths,
    outermost,
    problem_paths,
    readable_by_anybody,
)

NAMES = st.lists(st.sampled_from(["a", "a-b", "b", "ab", "c"]), min_size=1, max_size=4)


@given(st.lists(NAMES.map(lambda parts: "/" + "/".join(parts)), max_size=20))
def test_what_lies_in_another_path_is_left_out_and_nothing_else(paths: list[str]) -> None:
    kept = outermost(paths)

    def lies_in(path: str, other: str) -> bool:
        return (path + "/").startswith(other + "/")

    assert all(any(lies_in(path, other) for other in kept) for path in paths)
    assert set(kept) <= set(paths)
    assert not any(lies_in(one, other) for one in kept for other in kept if one != other)


def written(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    return folder


def seen(folder: Path, *hidden: str) -> set[str]:
    return {Path(path).relative_to(folder).as_posix() for path in problem_paths(folder, hidden)}


def test_judges_drivers_and_other_programs_are_never_seen(tmp_path: Path) -> None:
    secret = ["validate.py", "verify.py", "driver.py", "benchmark.py", "initial_programs/a.py", ".env"]
    secret += ["__pycache__/validate.cpython-311.pyc", "parts/__pycache__/x.pyc"]
    folder = written(tmp_path, *secret, "helper.py", "metrics.yaml", "data/big.csv", "parts/one.py")
    assert seen(folder) == {"helper.py", "metrics.yaml", "data", "parts/one.py"}


def test_hidden_files_are_not_seen_and_the_rest_of_their_folder_is(tmp_path: Path) -> None:
    folder = written(tmp_path, "validate.py", "data/train.csv", "data/answers/a.csv", "data/answers/b.csv", "key.txt")
    assert seen(folder, "data/answers/*", "key.txt") == {"data/train.csv"}
    assert seen(folder, "data*") == {"key.txt"}


def test_a_link_to_a_judge_is_not_seen(tmp_path: Path) -> None:
    folder = written(tmp_path, "validate.py", "helper.py")
    (folder / "innocent.py").symlink_to("validate.py")
    assert seen(folder) == {"helper.py"}


def test_a_folder_without_secrets_is_seen_as_a_whole(tmp_path: Path) -> None:
    assert problem_paths(written(tmp_path, "helper.py"), ()) == [str(tmp_path)]


def test_the_interpreter_and_its_packages_are_seen_and_commands_only_where_they_are_needed() -> None:
    def covers(paths: list[str], file: str) -> bool:
        return any((file + "/").startswith(path + "/") for path in paths)

    without, with_commands = interpreter_paths(commands=False), interpreter_paths(commands=True)
    import numpy

    for paths in (without, with_commands):
        assert covers(paths, numpy.__file__)
        assert covers(paths, sys.modules["json"].__file__ or "")
        assert not covers(paths, "/etc/shadow")
        assert not covers(paths, str(Path.home() / ".ssh"))
    assert not covers(without, "/bin/sh")
    assert covers(with_commands, "/bin/sh")


def test_what_only_its_owner_may_read_is_noticed(tmp_path: Path) -> None:
    file = written(tmp_path, "x") / "x"
    file.chmod(0o644)
    assert readable_by_anybody([str(file), str(tmp_path / "missing")])
    file.chmod(0o600)
    assert not readable_by_anybody([str(file)])
