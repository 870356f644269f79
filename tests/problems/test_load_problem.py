"""What a problem folder becomes when it is whole, and that nothing in it runs on the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gigaevo.problems import ProblemSettings, list_problems, load_problem

Edit = Callable[[str, str, str], Path]


def test_a_folder_becomes_a_problem(folder: Path) -> None:
    problem = load_problem(folder)
    assert problem.name == "answers"
    assert problem.task_description == "Answer with a number.\n\nThe larger the better."
    assert problem.metrics.primary_key == "fitness"
    assert problem.metrics.specs["breadth"].lower_bound is None
    assert [program.name for program in problem.initial_programs] == ["one", "two"]
    assert problem.initial_programs[0].source == "def entrypoint():\n    return 1\n"
    assert problem.validate_path == folder / "validate.py"
    assert problem.settings == ProblemSettings()
    assert (problem.has_context, problem.has_helper, problem.has_harness) == (False, False, False)
    assert problem.preload == ()


def test_the_name_can_be_chosen(folder: Path) -> None:
    assert load_problem(folder, name="mine").name == "mine"


def test_a_relative_folder_becomes_an_absolute_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert load_problem(Path("answers")).folder == folder


def test_no_code_of_the_folder_runs(folder: Path) -> None:
    trap = "import pathlib\npathlib.Path(__file__).with_suffix('.ran').touch()\n"
    for path in [*folder.rglob("*.py"), folder / "helper.py", folder / "context.py", folder / "harness.py"]:
        path.write_text(
            trap
            + "def entrypoint(context): ...\ndef validate(context, output): ...\n"
            + "def build_context(): ...\ndef run(entrypoint, context): ...\n"
        )
    problem = load_problem(folder)
    assert (problem.has_context, problem.has_helper, problem.has_harness) == (True, True, True)
    assert not list(folder.rglob("*.ran"))


def test_metrics_may_stand_at_the_top_level(folder: Path) -> None:
    (folder / "metrics.yaml").write_text("score: {description: Points, is_primary: true, higher_is_better: false}\n")
    metrics = load_problem(folder).metrics
    assert metrics.primary_key == "score"
    assert not metrics.higher_is_better("score")


def test_numbers_that_yaml_takes_for_text_are_numbers(edit: Edit) -> None:
    path = edit("metrics.yaml", "upper_bound: 3\n", "upper_bound: 1e3\n    significant_change: 1e-4\n")
    spec = load_problem(path.parent).metrics.specs["breadth"]
    assert (spec.upper_bound, spec.significant_change) == (1000.0, 1e-4)


def test_an_anchor_may_share_settings_between_metrics(folder: Path) -> None:
    (folder / "metrics.yaml").write_text(
        "specs:\n  a: &base {description: A, is_primary: true, decimals: 2}\n"
        "  b:\n    <<: *base\n    is_primary: false\n  c: {<<: *base, is_primary: false}\n"
    )
    assert [load_problem(folder).metrics.specs[key].decimals for key in "abc"] == [2, 2, 2]


@pytest.mark.parametrize(
    "validator",
    [
        "import numpy as np\n\ndef validate(payload: tuple[dict, list]) -> dict[str, float]:\n    ...\n",
        "from scoring import validate\n",
        "from scoring import *\n",
        "import functools\nvalidate = functools.partial(print, end='')\n",
        "try:\n    import numba\nexcept ImportError:\n    def validate(output, eps=1e-12): ...\nelse: ...\n",
        "def validate(*args): ...\n",
        "@some.decorator\ndef validate(a, b, c): ...\n",
        "class validate:\n    def __init__(self, output): ...\n",
    ],
)
def test_a_validator_may_be_written_in_many_ways(folder: Path, validator: str) -> None:
    (folder / "validate.py").write_text(validator)
    load_problem(folder)


@pytest.mark.parametrize(
    "seed",
    ["entrypoint = lambda: 3\n", "from helper import entrypoint\n", "class entrypoint: ...\n", "entrypoint: int = 3\n"],
)
def test_a_seed_may_bind_its_entrypoint_in_other_ways_than_by_def(folder: Path, seed: str) -> None:
    (folder / "initial_programs" / "one.py").write_text(seed)
    load_problem(folder)


def test_a_seed_takes_the_context_where_there_is_one_or_what_the_harness_gives(folder: Path) -> None:
    one = folder / "initial_programs" / "one.py"
    (folder / "context.py").write_text("def build_context():\n    return 3\n")
    one.write_text("def entrypoint(context):\n    return context\n")
    load_problem(folder)
    (folder / "harness.py").write_text("def run(entrypoint, context):\n    return entrypoint(1, 2, 3)\n")
    one.write_text("def entrypoint(a, b, c):\n    return a\n")
    load_problem(folder)


def test_a_driver_is_read_and_its_programs_take_a_request(folder: Path) -> None:
    assert load_problem(folder).driver is None
    text = "def drive(program, context):\n    return program.call(1).value\n"
    (folder / "driver.py").write_text(text)
    for seed in ("one", "two"):
        (folder / "initial_programs" / f"{seed}.py").write_text("def entrypoint(request):\n    return request\n")
    assert load_problem(folder).driver == text


def test_extra_files_are_left_alone(folder: Path) -> None:
    (folder / "initial_programs" / "__init__.py").write_text("")
    (folder / "initial_programs" / "notes.md").write_text("def broken(:")
    (folder / "data").mkdir()
    (folder / "data" / "table.csv").write_bytes(b"\xff\xfe\x00")
    (folder / "legacy.yaml").write_text("a: [")
    assert len(load_problem(folder).initial_programs) == 2


def test_settings_are_read_from_problem_yaml(folder: Path) -> None:
    (folder / "problem.yaml").write_text(
        "preload: [json, scipy.spatial, lookup]\nbehavior_keys: [is_valid, complexity_score]\neditable: ['src/*.py']\n"
        "hidden: [data/held_out.csv]\nsandbox: {allow: [threads, loopback]}\nnoisy: true\n"
    )
    (folder / "lookup.py").write_text("TABLE = {}\n")
    problem = load_problem(folder)
    assert problem.settings.behavior_keys == ("is_valid", "complexity_score")
    assert problem.settings.sandbox.allow == ("threads", "loopback")
    assert problem.settings.editable == ("src/*.py",)
    assert problem.settings.hidden == ("data/held_out.csv",)
    assert problem.settings.noisy
    assert problem.preload == ("json", "lookup", "scipy.spatial")


def test_an_empty_problem_yaml_is_one_of_defaults(folder: Path) -> None:
    (folder / "problem.yaml").write_text("# nothing yet\n")
    assert load_problem(folder).settings == ProblemSettings()


@pytest.mark.parametrize(
    ("imports", "preload"),
    [
        ("import numpy as np\nx = np.random\n", ("numpy", "numpy.random")),
        ("import scipy.optimize as so\n", ("scipy", "scipy.optimize")),
        ("from scipy import spatial, __version__\n", ("scipy", "scipy.spatial")),
        ("from scipy.spatial.distance import pdist\n", ("scipy", "scipy.spatial")),
        ("def f():\n    import scipy\n    return scipy.stats.norm\n", ("scipy", "scipy.stats")),
        ("import math, itertools\nfrom . import numpy\nfrom helper import np\n", ()),
        ("import numpyish.random\n", ()),
    ],
)
def test_what_seeds_use_of_numpy_and_scipy_is_preloaded(folder: Path, imports: str, preload: tuple[str, ...]) -> None:
    (folder / "initial_programs" / "one.py").write_text(f"{imports}\ndef entrypoint():\n    return 1\n")
    assert load_problem(folder).preload == preload


def test_a_byte_order_mark_does_no_harm(folder: Path) -> None:
    for name in ("task_description.txt", "metrics.yaml", "initial_programs/one.py"):
        (folder / name).write_bytes(b"\xef\xbb\xbf" + (folder / name).read_bytes())
    problem = load_problem(folder)
    assert problem.task_description.startswith("Answer")
    assert problem.initial_programs[0].source.startswith("def")


# --- list_problems ---


def test_the_list_gives_names_and_first_lines_and_marks_what_is_missing(folder: Path) -> None:
    root = folder.parent
    (root / "broken").mkdir()
    (root / "broken" / "validate.py").write_text("def validate(:")
    for name in ("__pycache__", ".hidden", "empty"):
        (root / name).mkdir()
    (root / "notes.txt").write_text("not a folder")
    whole, broken = list_problems(root)
    assert (whole.name, whole.summary, whole.missing) == ("answers", "Answer with a number.", ())
    assert broken.name == "broken"
    assert broken.summary == ""
    assert broken.missing == ("task_description.txt", "metrics.yaml")


def test_the_list_of_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert list_problems(tmp_path / "nowhere") == []


@pytest.mark.parametrize("text", [b"", b"\n \n", b"\xff\xfe bytes\n"])
def test_the_list_survives_an_odd_task_description(folder: Path, text: bytes) -> None:
    (folder / "task_description.txt").write_bytes(text)
    assert [listing.name for listing in list_problems(folder.parent)] == ["answers"]


def test_a_genome_is_read_where_there_is_one(folder: Path) -> None:
    assert load_problem(folder).genome is None
    (folder / "genome.yaml").write_text('function_signature: "def entrypoint()"\nallowed_paradigms: [functional]\n')
    genome = load_problem(folder).genome
    assert genome is not None
    assert genome.signature.name == "entrypoint"
    assert genome.allowed_paradigms == ("functional",)


def test_the_genome_of_sorting_is_that_of_the_framework_it_comes_from() -> None:
    genome = load_problem(Path(__file__).parents[2] / "problems" / "sorting").genome
    assert genome is not None
    assert genome.behavioral_constraints == (
        "Must return sorted list",
        "Must handle empty lists",
        "Must be stable sort",
        "Must handle any comparable type",
    )
    assert genome.performance_targets["time_complexity"] == "O(n log n)"
    assert genome.performance_targets["space_complexity"] == "O(n)"
    assert genome.performance_targets["cache_efficiency"] == 0.8
    assert genome.allowed_paradigms == ("functional", "iterative", "recursive", "hybrid")
    assert genome.mutation_rate == 0.2


def test_exact_verification_and_artifacts_for_prompts_are_noticed(folder: Path) -> None:
    assert not load_problem(folder).has_verify
    (folder / "verify.py").write_text("def verify(output): ...\n")
    (folder / "problem.yaml").write_text("prompt_artifacts: [report, program/*]\n")
    problem = load_problem(folder)
    assert problem.has_verify
    assert problem.settings.prompt_artifacts == ("report", "program/*")
