"""What people see while a run goes on."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest
from loguru import logger
from rich.console import Console, RenderableType
from run_values import HOSTILE, asked_models, events, failed, info, report, valid

from gigaevo.evolution.engine.events import Limits
from gigaevo.observe import FailureLog, LiveView, PlainLines, progress_view
from gigaevo.observe.display import clock, closest_budget, one_line


def terminal(width: int = 200) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)


def drawn(view: LiveView) -> str:
    """The view as text, and everything else that reached its terminal."""
    view.console.print(view.render())
    output = view.console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue()


def test_the_live_view_shows_where_the_run_stands() -> None:
    view = LiveView(console=terminal())
    view.on_start(info(notes=["kernels: numpy [fallback]"]))
    for event in events([valid(-1, 0.1), valid(0, 0.2), failed(1), valid(2, 0.15)]):
        view.on_program(*event)
    text = drawn(view)
    view.close()
    assert "kernels: numpy [fallback]" in text
    assert "heilbron, seed 7" in text
    assert re.search(r"best fitness +0\.2000  \(program id0, by constants\)", text)
    assert re.search(r"left +97 of 100 mutants \(max_mutants\)", text)
    assert "4 evaluated, 4.2/s, generation 0" in text
    assert re.search(r"validate calls +8", text)
    assert "coverage 12.5%, QD-score 1.5, 2 elites" in text
    assert "accepted 2, failed 1, rejected 1; duplicates 3" in text
    assert re.search(r"failures +exception 1", text)
    assert "constants 1/2, initial 1/1, [bold]swap 0/1" in text


def test_text_of_programs_is_shown_literally_and_steers_no_terminal() -> None:
    view = LiveView(console=terminal())
    view.on_start(info())
    for event in events([failed(0)]):
        view.on_program(*event)
    text = drawn(view)
    view.close()
    assert "exception: [red]boom[/red] [/] �[2J�]0;owned� � {0} <red> line break" in text
    assert "\x1b]0;" not in text
    assert "by [bold]swap" not in text  # no best: nothing is said to be by anyone


def test_log_lines_appear_above_the_live_view_literally() -> None:
    view = LiveView(console=terminal())
    sink = logger.add(view.write, format="{message}", level="WARNING")
    view.on_start(info())
    logger.warning("{}", "first [red]\x1b[2J\n\tsecond")
    logger.remove(sink)
    text = drawn(view)
    view.close()
    assert re.search(r"first \[red\]�\[2J\s*\n +second", text)


def test_the_live_view_has_something_to_say_before_the_first_program() -> None:
    view = LiveView(console=terminal())
    assert view.render() is not None
    view.on_start(info())
    assert "no program evaluated yet" in drawn(view)
    view.close()


@pytest.mark.parametrize("stopped", [True, False])
def test_the_live_view_gives_the_terminal_back(stopped: bool) -> None:
    view = LiveView(console=terminal())
    view.on_start(info())
    told = list(events([valid(0, 0.2)]))
    view.on_program(*told[0])
    if stopped:
        view.on_stop(report(told))
    view.close()
    view.close()
    text = drawn(view)
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # cursor hidden, and shown again


def test_drawing_happens_by_the_clock_and_not_by_the_program() -> None:
    drawings = 0

    class CountingView(LiveView):
        def render(self) -> RenderableType:
            nonlocal drawings
            drawings += 1
            return super().render()

    view = CountingView(console=terminal())
    view.on_start(info())
    for event in events([failed(k) for k in range(2000)]):
        view.on_program(*event)
    view.close()
    assert 0 < drawings < 200


@pytest.fixture
def lines() -> Iterator[list[tuple[str, str]]]:
    """(level, message) of everything logged."""
    heard: list[tuple[str, str]] = []
    sink = logger.add(
        lambda m: heard.append((m.record["level"].name, m.record["message"])), level="DEBUG", format="{message}"
    )
    yield heard
    logger.remove(sink)


def test_plain_lines_tell_each_new_best_at_once_and_the_standing_now_and_then(lines: list[tuple[str, str]]) -> None:
    view = PlainLines(interval_s=2.0)
    view.on_start(info(notes=["note"]))
    programs = [valid(-1, 0.1), valid(0, 0.2), *(failed(k) for k in range(1, 10))]
    told = list(events(programs))
    spoken = []
    for event in told:
        before = len(lines)
        view.on_program(*event)
        spoken.append([level for level, _ in lines[before:]])
    # Half a second each: bests at 0.5 and 1.0, then the standing at 3.0 and 5.0.
    best, other, standing = ["INFO"], [], ["INFO"]
    assert spoken == [best, best, other, other, other, standing, other, other, other, standing, other]
    messages = [message for _, message in lines]
    assert messages[:2] == ["problem heilbron, seed 7", "note"]
    assert messages[3] == (
        "new best 0.2000, 1 mutants, 4.2 programs/s, coverage 12.5%, QD-score 1.5, elapsed 0:00:01,"
        " left 99 of 100 mutants, by constants"
    )
    assert "failures: exception 4" in messages[4]
    view.on_stop(report(told))
    assert lines[-1][0] == "INFO" and lines[-1][1].startswith("stopped (max_mutants): best 0.2000")


def test_failures_are_logged_literally_and_loudly_where_a_folder_is_to_blame(lines: list[tuple[str, str]]) -> None:
    log = FailureLog()
    initial = failed(-1)
    initial.mutations_applied = ["initial program spiral"]
    for event in events([initial, failed(0), valid(1, 0.5)]):
        log.on_program(*event)
    assert [level for level, _ in lines] == ["WARNING", "DEBUG"]
    assert lines[0][1] == f"program -1 id-1 (initial program spiral) failed: exception: {one_line(HOSTILE)}"
    assert lines[1][1] == f"program 0 id0 (by [bold]swap) failed: exception: {one_line(HOSTILE)}"
    assert all(message.isprintable() for _, message in lines)


def test_a_program_that_was_never_scored_is_logged_with_the_reason(lines: list[tuple[str, str]]) -> None:
    log = FailureLog()
    for number in (-1, 0):
        program = valid(number, 0.5)
        program.pruned = "validate: lines is 7, not at most 5"
        for event in events([program]):
            log.on_program(*event)
    assert [level for level, _ in lines] == ["WARNING", "DEBUG"]
    assert lines[1][1].endswith("(by constants) was not scored: validate: lines is 7, not at most 5")


def test_a_resumed_run_does_not_announce_its_old_best_as_new(lines: list[tuple[str, str]]) -> None:
    view = PlainLines(interval_s=1000.0)
    view.on_start(info(resumed_mutants=5))
    for event in list(events([valid(-1, 0.9), valid(5, 0.2)]))[1:]:
        view.on_program(*event)
    assert lines[0][1].endswith("going on after 5 mutants")
    assert lines[1:] == []


def test_a_pipe_gets_plain_lines_and_a_choice_is_kept() -> None:
    program = (
        "from gigaevo.observe import progress_view as view;"
        "print(*(type(view(name)).__name__ for name in ('auto', 'live', 'plain')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["PlainLines", "LiveView", "PlainLines"]
    with pytest.raises(ValueError, match="view is 'shiny'; it can be auto, live, plain"):
        progress_view("shiny")


def test_importing_the_listeners_loads_neither_rich_nor_loguru() -> None:
    program = "import sys, gigaevo.observe; print([m for m in ('rich', 'loguru') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_budget_shown_is_the_one_closest_to_its_end() -> None:
    ((_, _, progress),) = events([valid(0, 0.1)], seconds_each=90.0)
    closest = closest_budget(Limits(max_seconds=100.0, max_mutants=2, max_evaluations=1000), progress)
    assert closest is not None and closest.limit == "max_seconds"
    assert closest.remaining() == "0:00:10 of 0:01:40"
    closest = closest_budget(Limits(max_evaluations=4, max_mutants=100), progress)
    assert closest is not None and closest.remaining() == "2 of 4 validate calls"
    over = closest_budget(Limits(max_mutants=0), replace(progress, mutants=5))
    assert over is not None and over.share == 1.0 and over.remaining() == "0 of 0 mutants"
    assert closest_budget(Limits(target_fitness=1.0), progress) is None


def test_one_line_is_one_printable_line_of_bounded_width() -> None:
    assert one_line("a\n\tb\r\x00c\x1b[0m") == "a b �c�[0m"
    assert len(one_line("x" * 10_000_000, width=50)) == 50
    assert clock(3723.9) == "1:02:03"


def test_views_show_what_language_models_were_paid(lines: list[tuple[str, str]]) -> None:
    told = [(program, outcome, asked_models(progress)) for program, outcome, progress in events([valid(-1, 0.1)])]
    view = LiveView(console=terminal())
    view.on_start(info())
    view.on_program(*told[0])
    text = drawn(view)
    view.close()
    assert re.search(r"language models +\$1\.25 spent, 12,345 tokens, 21 calls", text)
    assert "vendor/[bold]big: 4 of 9 accepted, 2 improved; $1.25 spent" in text
    assert re.search(r"no child +no code 2, \[red\]boom\[/red\]", text)
    assert "\x1b]0;" not in text
    plain = PlainLines()
    plain.on_start(info())
    plain.on_program(*told[0])
    assert "$1.25 spent, 12,345 tokens, 21 calls" in lines[-1][1]
