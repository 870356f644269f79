"""What the best program left to be looked at lies in a folder, under harmless names."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from run_values import events, info, report, valid

from gigaevo.observe import BestArtifacts, print_summary
from gigaevo.observe.best_artifacts import artifact_files
from gigaevo.observe.summary import summary
from gigaevo.programs import ErrorKind
from tests.pictures import png

PICTURE = {"png": base64.b64encode(png()).decode()}
TABLE = {"columns": ["x"], "rows": [[1], ["=2"]]}


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_each_kind_is_a_file_of_its_own_and_goes_with_the_best_program(tmp_path: Path) -> None:
    first = valid(
        1, 0.1, artifacts={"report": "one\x1b[2J", "plot.png": PICTURE, "program/points": TABLE, "facts": [1]}
    )
    second = valid(2, 0.2, artifacts={"report": "two", "dropped_metrics": ["x"], "verification": {"accepted": True}})
    third = valid(3, 0.3)
    told = list(events([first, second, third]))
    listener = BestArtifacts(folder=tmp_path)
    listener.on_program(*told[0])
    assert files_in(tmp_path / "best_artifacts") == {
        "report.txt": "one\N{REPLACEMENT CHARACTER}[2J".encode(),
        "plot.png": png(),
        "program/points.csv": b"x\n1\n'=2\n",
        "facts.txt": b"[\n 1\n]",
    }
    listener.on_program(*told[1])
    assert files_in(tmp_path / "best_artifacts") == {"report.txt": b"two"}
    listener.on_program(*told[2])
    assert not (tmp_path / "best_artifacts").exists()


@given(
    st.dictionaries(
        st.text(max_size=20) | st.sampled_from(["../x", "/etc/passwd", "program/../../x", "", ".."]),
        st.text(max_size=3),
    )
)
def test_no_name_leads_out_of_the_folder_or_hides_another(artifacts: dict[str, str]) -> None:
    bookkeeping = {"dropped_metrics", "dropped_artifacts", "verification"}
    files = artifact_files(artifacts)
    assert len(files) == sum(name.removeprefix("program/") not in bookkeeping for name in artifacts)
    assert len({name.lower() for name in files}) == len(files)
    for name in files:
        folder, _, file = name.rpartition("/")
        assert folder in ("", "program")
        assert file[0] != "." and file.isascii() and file.isprintable() and "/" not in file


def page(ended: Any) -> str:
    console = Console(record=True, width=200, file=io.StringIO())
    print_summary(info(), ended, folder="/out", console=console)
    return console.export_text()


def test_people_are_told_of_artifacts_of_leaks_and_of_the_last_verification() -> None:
    told = list(events([valid(1, 0.1, artifacts={"report": "one", "plot": PICTURE})]))
    ended = report(told)
    plain = page(ended)
    assert "Artifacts /out/best_artifacts: plot.png, report.txt" in plain
    assert "Leaks" not in plain and "Verified" not in plain

    progress = replace(
        ended.progress, failures={ErrorKind.LEAK: 30}, leaks=("a1", "b2"), verification={"accepted": True}
    )
    good = {"accepted": True, "able": True, "message": "", "metrics": {"fitness": 0.25}}
    verified = replace(ended, progress=progress, verification=good)
    shown = page(verified)
    assert "Leaks     the validator let through 30 programs that verify.py refuses: a1, b2, ..." in shown
    assert "Verified  yes, by verify.py in a fresh process: fitness 0.25" in shown
    held = summary(info(), verified, kernels="numpy")
    assert held["leaks"] == {"count": 30, "programs": ["a1", "b2"]}
    assert held["best"]["verification"] == {"accepted": True}
    assert held["best"]["verified_again"] == good
    assert held["best"]["artifact_files"] == ["best_artifacts/plot.png", "best_artifacts/report.txt"]

    refused = page(replace(verified, verification={**good, "accepted": False, "message": "not \x1b[1m exact"}))
    assert "NO: in a fresh process verify.py refuses it: not \N{REPLACEMENT CHARACTER}[1m exact" in refused
    unable = page(replace(verified, verification={**good, "accepted": False, "able": False, "message": "it died"}))
    assert "NO: in a fresh process verify.py could not check it: it died" in unable
