"""Numeric problem folders: what they say, and one line for each mistake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from shipped import NUMERIC_NAMES, ROOT

from gigaevo.problems import ProblemError, is_numeric, list_problems, load_numeric_problem, load_problem
from gigaevo.problems.genotype_file import KINDS, read_genotype

FILES = {
    "task_description.txt": "Small numbers.\n",
    "metrics.yaml": "specs:\n  fitness: {description: sum, is_primary: true, higher_is_better: false}\n",
    "genotype.yaml": "kind: range\ngenes_size: 3\nallele_range: [0, 1]\n",
    "fitness.py": "def fitness(genome):\n    return genome.sum()\n",
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a folder; ``None`` leaves a file out."""

    def written(**changed: str | None) -> Path:
        folder = tmp_path / "mine"
        folder.mkdir(exist_ok=True)
        named = {name.replace("__", "."): text for name, text in changed.items()}
        for name, text in {**FILES, **named}.items():
            (folder / name).unlink(missing_ok=True)
            if text is not None:
                (folder / name).write_text(text)
        return folder

    return written


def the_line(folder: Path) -> str:
    with pytest.raises(ProblemError) as refused:
        load_numeric_problem(folder)
    text = str(refused.value)
    assert "\n" not in text
    assert text.startswith(str(folder))
    return text


# What there is


@pytest.mark.parametrize("name", NUMERIC_NAMES)
def test_a_shipped_numeric_folder_is_whole(name: str) -> None:
    problem = load_numeric_problem(ROOT / name)
    assert problem.task_description.startswith(tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    assert {spec.description for spec in problem.metrics.declared.values()}


def test_a_folder_is_numeric_by_its_files(write: Callable[..., Path]) -> None:
    assert is_numeric(write())
    assert is_numeric(write(genotype__yaml=None))  # so that the missing file is told of
    assert not is_numeric(ROOT / "heilbron")


def test_lists_of_problems_say_what_a_numeric_folder_lacks(write: Callable[..., Path]) -> None:
    folder = write(fitness__py=None)
    assert [(listing.name, listing.missing) for listing in list_problems(folder.parent)] == [("mine", ("fitness.py",))]


def test_the_loader_of_programs_names_the_experiment(write: Callable[..., Path]) -> None:
    with pytest.raises(ProblemError, match="experiment=numeric"):
        load_problem(write())


def test_several_objectives_have_a_reference_of_their_worst_bounds() -> None:
    problem = load_numeric_problem(ROOT / "zdt1")
    assert problem.objectives == ("f1", "f2")
    assert problem.maximize == (False, False)
    assert problem.reference == (1.1, 1.1)
    assert load_numeric_problem(ROOT / "rastrigin").reference is None


GENOTYPES = {
    "binary": ("kind: binary\ngenes_size: 9", {"genes_size": 9}, ()),
    "range": (
        "kind: range\ngenes_size: 2\nallele_range: [-1, 1]\ninteger: true",
        {"genes_size": 2, "allele_range": (-1.0, 1.0), "integer": True},
        (),
    ),
    "ranges by name": (
        "kind: multi_range\nallele_ranges: {a: [0, 1], b: [1, 9]}\ninteger: [b]",
        {"allele_ranges": [(0.0, 1.0), (1.0, 9.0)], "integer": [False, True], "names": ("a", "b")},
        ("a", "b"),
    ),
    "ranges in order": (
        "kind: multi_range\nallele_ranges: [[0, 1], [1, 9]]\ninteger: [false, true]",
        {"allele_ranges": [(0.0, 1.0), (1.0, 9.0)], "integer": [False, True], "names": None},
        (),
    ),
    "list": ("kind: list\ngenes_size: 2\nallele_list: [a, b]", {"genes_size": 2, "allele_list": ("a", "b")}, ()),
    "lists by name": (
        "kind: multi_list\nallele_lists: {colour: [red, green], size: [1, 2]}",
        {"allele_lists": [("red", "green"), (1, 2)]},
        ("colour", "size"),
    ),
    "powers of ten": (
        "kind: range\ngenes_size: 2\nallele_range: [-1e3, 2.5E-2]",
        {"genes_size": 2, "allele_range": (-1000.0, 0.025), "integer": False},
        (),
    ),
    "permutation of numbers": ("kind: unique\ngenes_size: 3", {"allele_list": (0, 1, 2)}, ()),
    "permutation of names": ("kind: unique\nallele_list: [x, y]", {"allele_list": ("x", "y")}, ()),
    "permutations": ("kind: multi_unique\nallele_lists: [[1, 2], [3]]", {"allele_lists": [(1, 2), (3,)]}, ()),
}


@pytest.mark.parametrize("case", GENOTYPES)
def test_a_genotype_is_read_as_the_arguments_of_its_class(case: str, tmp_path: Path) -> None:
    text, arguments, names = GENOTYPES[case]
    path = tmp_path / "genotype.yaml"
    path.write_text(text + "\n")
    found = read_genotype(path)
    assert dict(found.arguments) == arguments
    assert found.names == names
    assert found.kind in KINDS


# Mistakes

WRONG_GENOTYPES = {
    "genes_size: 3": "kind is missing; add 'kind: range'",
    "kind: rnge\ngenes_size: 3": "kind is 'rnge'; did you mean 'range'?",
    "kind: tree": "there are: binary, list, multi_list",
    "kind: [range]": "kind is ['range']",
    "kind: range\ngenes_size: 3": "allele_range is missing",
    "kind: range\ngenes_size: 0\nallele_range: [0, 1]": "genes_size should be greater than or equal to 1, not 0",
    "kind: range\ngenes_size: many\nallele_range: [0, 1]": "genes_size should be a valid integer",
    "kind: range\ngenes_size: 3\nallele_range: [0, 1, 2]": "allele_range should be two numbers [lowest, highest]",
    "kind: range\ngenes_size: 3\nallele_range: [a, b]": "allele_range should be two numbers",
    "kind: range\ngenes_size: 3\nallele_ranges: [0, 1]": "unknown key allele_ranges; did you mean 'allele_range'?",
    "kind: range\ngenes_size: 3\nallele_range: [0, 1]\ninteger: [a]": "integer should be a valid boolean",
    "kind: multi_range\nallele_ranges: {a: 1}": "of a should be two numbers [lowest, highest]",
    "kind: multi_range\nallele_ranges: [[0, 1], 3]": "of 1 should be two numbers [lowest, highest]",
    "kind: multi_range\nallele_ranges: 5": "should be a mapping of names, or a list, of which each is two numbers",
    "kind: multi_range\nallele_ranges: {a: [0, 1]}\ninteger: [b]": "genotype.yaml:3: integer should be true, "
    "false or a list of some of a, not ['b']",
    "kind: multi_range\nallele_ranges: [[0, 1]]\ninteger: [true, false]": "a list of 1 of them",
    "kind: list\ngenes_size: 3\nallele_list: []": "allele_list should be a list of numbers or texts, at least one",
    "kind: unique": "needs either genes_size, for the numbers from 0, or allele_list",
    "kind: unique\ngenes_size: 3\nallele_list: [1]": "needs either genes_size",
    "kind: multi_unique\nallele_lists: [[]]": "of 0 should be a list of numbers or texts, at least one",
    "- 1": "must be a mapping",
    f"kind: range\ngenes_size: {10**16}\nallele_range: [0, 1]": "should be less than or equal to 100000000, not 1000",
    f"kind: binary\ngenes_size: {10**400}": "genes_size should be less than or equal to 100000000, not 1000",
    f"kind: unique\ngenes_size: {10**11}": "genes_size should be less than or equal to 100000000",
    f"kind: range\ngenes_size: 3\nallele_range: [0, {10**400}]": "allele_range should be two numbers [lowest, highest]",
    f"kind: multi_range\nallele_ranges: {{a: [0, {10**400}]}}": "allele_ranges of a should be two numbers",
}


@pytest.mark.parametrize("text", WRONG_GENOTYPES)
def test_a_wrong_genotype_is_one_line(text: str, write: Callable[..., Path]) -> None:
    assert WRONG_GENOTYPES[text] in the_line(write(genotype__yaml=text + "\n"))


WRONG_FOLDERS = {
    "no task": ({"task_description__txt": None}, "has no task_description.txt"),
    "no metrics": ({"metrics__yaml": None}, "has no metrics.yaml"),
    "no genotype": ({"genotype__yaml": None}, "has no genotype.yaml; write 'kind: range'"),
    "no fitness": ({"fitness__py": None}, "has no fitness.py; write 'def fitness(genome):'"),
    "a validator": ({"validate__py": "def validate(output): ...\n"}, "validate.py: is for problems whose candidates"),
    "an empty task": ({"task_description__txt": " \n"}, "is empty"),
    "no function": ({"fitness__py": "x = 1\n"}, "defines neither 'fitness' nor 'fitness_batch'"),
    "both functions": (
        {"fitness__py": "def fitness(g): ...\ndef fitness_batch(g): ...\n"},
        "fitness.py:2: defines 'fitness' and 'fitness_batch'; keep one",
    ),
    "two arguments": ({"fitness__py": "def fitness(a, b): ...\n"}, "cannot be called with 1 arguments"),
    "async": ({"fitness__py": "async def fitness(genome): ...\n"}, "'fitness' is async"),
    "a report of two": ({"fitness__py": FILES["fitness.py"] + "def report(a, b): ...\n"}, "'report(a, b)' cannot be"),
    "no Python": ({"fitness__py": "def fitness(:\n"}, "fitness.py:1: syntax error"),
    "a metric that nothing measures": (
        {"metrics__yaml": FILES["metrics.yaml"] + "  other: {description: what}\n"},
        "declares 'other', which nothing measures",
    ),
    "an unknown setting": ({"problem__yaml": "noisy: true\n"}, "unknown key noisy; known keys: behavior_keys, obj"),
    "an unknown behaviour": ({"problem__yaml": "behavior_keys: [x]\n"}, "behavior_keys names 'x'; declare it"),
    "a behaviour that is the fitness": ({"problem__yaml": "behavior_keys: [fitness]\n"}, "names the primary metric"),
    "a report of a front": (
        {
            "metrics__yaml": "hypervolume: {description: area, is_primary: true}\n"
            "a: {description: a, lower_bound: 0}\nb: {description: b, lower_bound: 0}\n",
            "problem__yaml": "objectives: [a, b]\n",
            "fitness__py": FILES["fitness.py"] + "def report(genome): ...\n",
        },
        "fitness.py:3: 'report' measures the best genome, and of several objectives there is none; remove it",
    ),
    "one objective": ({"problem__yaml": "objectives: [fitness]\n"}, "objectives names one metric"),
}
SEVERAL = "specs:\n  hypervolume: {{description: area, is_primary: true}}\n  a: {{{a}}}\n  b: {{{b}}}\n"
LOW = "description: a, higher_is_better: false"
WRONG_OBJECTIVES = {
    "without a bound": (SEVERAL.format(a=f"{LOW}, upper_bound: 1", b=LOW), "[a, b]", "give 'b' its upper_bound"),
    "another primary metric": (
        f"specs:\n  a: {{{LOW}, is_primary: true}}\n  b: {{{LOW}}}\n",
        "[a, b]",
        "make 'hypervolume' primary",
    ),
    "twice": (SEVERAL.format(a=LOW, b=LOW), "[a, a]", "objectives names 'a' twice"),
    "nobody": (SEVERAL.format(a=LOW, b=LOW), "[a, c]", "objectives names 'c'; declare it"),
}


@pytest.mark.parametrize("case", WRONG_FOLDERS)
def test_a_wrong_folder_is_one_line(case: str, write: Callable[..., Path]) -> None:
    changed, expected = WRONG_FOLDERS[case]
    assert expected in the_line(write(**changed))


@pytest.mark.parametrize("case", WRONG_OBJECTIVES)
def test_objectives_that_cannot_be_measured_are_one_line(case: str, write: Callable[..., Path]) -> None:
    metrics, objectives, expected = WRONG_OBJECTIVES[case]
    settings = f"objectives: {objectives}\n"
    assert expected in the_line(write(metrics__yaml=metrics, problem__yaml=settings))


def test_a_behaviour_needs_both_bounds(write: Callable[..., Path]) -> None:
    metrics = FILES["metrics.yaml"] + "  x: {description: where, lower_bound: 0}\n"
    assert "lacks a bound" in the_line(write(metrics__yaml=metrics, problem__yaml="behavior_keys: [x]\n"))


def test_what_the_pages_say_of_keys_is_all_there_is() -> None:
    text = (ROOT.parent / "docs" / "numeric_problems.md").read_text()
    assert [kind for kind in KINDS if f"`{kind}`" not in text] == []
    assert [name for name in NUMERIC_NAMES if f"`{name}`" not in text] == []
    fields = {field for kind in KINDS.values() for field in kind.model_fields} | {"objectives", "behavior_keys"}
    assert [field for field in sorted(fields) if f"`{field}" not in text] == []
    numeric = (ROOT.parent / "config" / "experiment" / "numeric.yaml").read_text()
    own = [key for key, value in yaml.safe_load(numeric).items() if value is not None and key != "defaults"]
    assert [key for key in own if f"`{key}`" not in text] == []
