"""How nodes of a configuration become objects."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import DictConfig, ListConfig, OmegaConf

from gigaevo.config.builder import Builder
from gigaevo.config.errors import ConfigError
from gigaevo.config.resolvers import register_resolvers

if TYPE_CHECKING:
    from pathlib import Path

PARTS = "tests.config.parts"
SPACE = {"_target_": f"{PARTS}.Space", "size": 3}
HOLDER = f"{PARTS}.Holder"


@pytest.fixture(autouse=True)
def _resolvers() -> None:
    register_resolvers()


def builder(config: dict[str, Any], **settings: Any) -> Builder:
    return Builder(OmegaConf.create(config), **settings)


def error_of(config: dict[str, Any], node: str = "node", **settings: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        builder(config, **settings).node(node)
    message = str(caught.value)
    assert "\n" not in message
    return message


@given(st.lists(st.sampled_from(["${space}", "${ref:space}", "${alias}", "${parts.space}"]), min_size=1))
def test_however_often_and_in_whatever_way_a_node_is_referred_to_it_is_one_object(references: list[str]) -> None:
    config = {
        "space": SPACE,
        "alias": "${ref:space}",
        "parts": {"space": "${space}"},
        "node": {"_target_": HOLDER, "spaces": references, "_args_": ["${space}"]},
    }
    made = builder(config)
    node = made.node("node")
    assert {id(space) for space in (*node.spaces, *node.args, made.node("space"))} == {id(node.spaces[0])}
    assert node.spaces[0].size == 3


def test_equal_descriptions_in_different_places_are_different_objects() -> None:
    made = builder({"a": SPACE, "b": SPACE})
    assert made.node("a") is not made.node("b")
    assert made.node("a") is made.node("a")


def test_an_object_is_one_also_where_one_side_wants_omegaconf_containers() -> None:
    made = builder(
        {
            "space": SPACE,
            "node": {"_target_": HOLDER, "_convert_": "none", "space": "${space}"},
            "other": {"_target_": HOLDER, "space": "${space}"},
        }
    )
    assert made.node("node").space is made.node("other").space


def test_descriptions_nest_in_lists_and_mappings() -> None:
    made = builder({"node": {"_target_": HOLDER, "list": [SPACE, 1], "map": {"a": {"b": SPACE}}}})
    node = made.node("node")
    assert node.list[0].size == node.map["a"]["b"].size == 3
    assert type(node.list) is list
    assert type(node.map) is dict
    assert made.node("node.list[0]") is node.list[0]


def test_values_of_a_mapping_of_parts_are_the_parts() -> None:
    made = builder({"parts": {"x": SPACE, "y": SPACE}, "node": {"_target_": HOLDER, "all": "${oc.dict.values:parts}"}})
    assert made.node("node").all == [made.node("parts.x"), made.node("parts.y")]


def test_places_of_similar_names_are_told_apart() -> None:
    made = builder(
        {
            "a": [SPACE],
            "a0": {**SPACE, "size": 5},
            "node": ["${oc.dict.values:x}", "${oc.dict.values:y}"],
            "x": {"k": 1},
            "y": {"k": 2},
        }
    )
    assert [made.node("a")[0].size, made.node("a0").size] == [3, 5]
    assert made.node("node") == [[1], [2]]


def test_plain_references_are_values() -> None:
    made = builder({"size": 7, "node": {"_target_": f"{PARTS}.Space", "size": "${size}"}})
    assert made.node("node").size == 7


def test_objects_of_the_run_are_given_by_name() -> None:
    problem = object()
    made = builder(
        {"problem": {"name": "x"}, "node": {"_target_": HOLDER, "it": "${ref:problem}"}}, given={"problem": problem}
    )
    assert made.node("node").it is problem


def test_the_same_part_can_be_built_again_around_another_object() -> None:
    made = builder({"node": {"_target_": HOLDER, "it": "${ref:sandbox}"}}, given={"sandbox": 1})
    assert (made.node("node").it, made.anew(given={"sandbox": 2}).node("node").it, made.node("node").it) == (1, 2, 1)


@pytest.mark.parametrize("name", ["redis_storage", "storage", "program_storage"])
def test_the_storage_of_the_run_answers_to_the_names_that_other_files_use(name: str) -> None:
    made = builder({"program_storage": SPACE, "node": {"_target_": HOLDER, "storage": f"${{ref:{name}}}"}})
    assert made.node("node").storage is made.node("program_storage")


def test_a_node_of_ones_own_comes_before_another_name_of_ours() -> None:
    made = builder({"program_storage": SPACE, "strategy": {**SPACE, "size": 9}})
    assert made.node("strategy").size == 9


def test_partial_args_and_functions_work_as_in_hydra() -> None:
    made = builder(
        {
            "now": {"_target_": f"{PARTS}.double", "_args_": [4], "plus": 1},
            "later": {"_target_": f"{PARTS}.double", "_partial_": True, "plus": 1},
        }
    )
    assert made.node("now") == 9
    assert isinstance(made.node("later"), functools.partial)
    assert made.node("later")(5) == 11


def test_without_recursion_descriptions_arrive_as_data() -> None:
    node = builder(
        {"size": 3, "node": {"_target_": HOLDER, "_recursive_": False, "part": {**SPACE, "size": "${size}"}}}
    )
    assert node.node("node").part == SPACE


def test_conversion_none_hands_over_omegaconf_containers() -> None:
    node = builder({"node": {"_target_": HOLDER, "_convert_": "none", "m": {"a": 1}, "l": [SPACE]}}).node("node")
    assert isinstance(node.m, DictConfig)
    assert isinstance(node.l, ListConfig)
    assert node.l[0].size == 3


def test_a_class_in_a_users_file_needs_no_registration(tmp_path: Path) -> None:
    (tmp_path / "my_selector_for_a_test.py").write_text("class Mine:\n    def __init__(self, k):\n        self.k = k\n")
    config = {"node": {"_target_": "my_selector_for_a_test.Mine", "k": 5}}
    assert builder(config, import_paths=[str(tmp_path)]).node("node").k == 5


def test_nothing_in_a_value_is_evaluated() -> None:
    node = builder({"node": {"_target_": HOLDER, "text": "__import__('os').getpid()"}}).node("node")
    assert node.text == "__import__('os').getpid()"


def test_a_cycle_names_its_chain() -> None:
    config = {"a": {"_target_": HOLDER, "b": "${ref:b}"}, "b": {"_target_": HOLDER, "a": ["${ref:a}"]}}
    assert "a -> b -> b.a -> a" in error_of(config, "a")


def test_an_unknown_reference_names_the_key_and_the_nearest_node() -> None:
    message = error_of({"space": SPACE, "node": {"_target_": HOLDER, "x": "${ref:spce}"}})
    assert message == "node.x: nothing is called 'spce'; did you mean space"
    assert "node.x: " in error_of({"node": {"_target_": HOLDER, "x": "${nowhere}"}})


def test_an_unknown_parameter_names_key_class_and_the_nearest_parameter() -> None:
    message = error_of({"node": {"_target_": f"{PARTS}.Space", "sise": 3}})
    assert message == "node.sise: Space has no parameter 'sise'; did you mean size"
    assert "plus" in error_of({"node": {"_target_": f"{PARTS}.double", "_partial_": True, "minus": 3}})


@pytest.mark.parametrize("value", ["3", 1.5, True, None])
def test_a_plain_value_of_another_type_than_its_annotation_is_named(value: Any) -> None:
    message = error_of({"node": {"_target_": f"{PARTS}.Space", "size": value}})
    assert message.startswith("node.size=")
    assert message.endswith(": Space takes int here")


def test_a_missing_parameter_is_named() -> None:
    assert error_of({"node": {"_target_": f"{PARTS}.double"}}) == "node: double needs value"


def test_too_many_positional_arguments_are_named() -> None:
    assert "node (Space): too many positional" in error_of({"node": {"_target_": f"{PARTS}.Space", "_args_": [1]}})


def test_what_a_constructor_says_is_told_with_its_key_and_class() -> None:
    message = error_of({"list": [{"_target_": f"{PARTS}.Space", "size": 0}]}, "list")
    assert message == "list[0] (Space): size must be at least 1; found 0"
    assert "node (Checked): rate: " in error_of({"node": {"_target_": f"{PARTS}.Checked", "rate": ["fast"]}})


def test_a_fault_inside_a_part_is_not_blamed_on_the_configuration() -> None:
    with pytest.raises(RuntimeError, match="broken inside") as caught:
        builder({"node": {"_target_": f"{PARTS}.broken"}}).node("node")
    assert not isinstance(caught.value, ConfigError)
    assert "node" in "".join(caught.value.__notes__)


def test_a_value_that_must_be_given_is_asked_for() -> None:
    assert "node.x has no value yet" in error_of({"node": {"_target_": HOLDER, "x": "???"}})


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (f"{PARTS}.Spac", f"no 'Spac' in {PARTS}"),
        (f"{PARTS}.Spac", "did you mean Space"),
        ("gigaevo.programz.Program", "did you mean programs"),
        ("gigaevoo.programs.Program", "no module 'gigaevoo'; did you mean gigaevo"),
        ("gigaevo.programs.program.MAIN_FILE", "not a class or function"),
        ("gigaevo.programs", "is a module"),
        ("Program", "no dotted path"),
        ("os; import sys", "no dotted path"),
        ("json.Decoder", "json/__init__.py"),
    ],
)
def test_a_wrong_target_names_the_key_and_what_would_be_right(target: str, said: str) -> None:
    message = error_of({"node": {"_target_": target}})
    assert message.startswith("node._target_: ")
    assert said in message


def test_a_users_file_that_cannot_be_imported_says_why(tmp_path: Path) -> None:
    (tmp_path / "my_broken_file_for_a_test.py").write_text("import no_such_library_here\n")
    config = {"node": {"_target_": "my_broken_file_for_a_test.Mine"}}
    assert "it needs 'no_such_library_here'" in error_of(config, import_paths=[str(tmp_path)])
