"""Whether an operator that reads Python may change a program's entry file, and where in it."""

from __future__ import annotations

import fnmatch

from gigaevo.evolution.mutation.base import Task
from gigaevo.programs import Program
from gigaevo.programs.evolve_blocks import files_have_blocks, has_blocks

PYTHON_ONLY = ("python",)


def closed_to_python(program: Program, task: Task) -> str:
    """Why nothing of the entry file may change, one short line; empty where something may.

    Args:
        program: A parent.
        task: Says which files may change.
    """
    if not program.entry.endswith(".py"):
        return f"{program.entry} is not Python"
    if not any(fnmatch.fnmatchcase(program.entry, glob) for glob in task.editable):
        return f"{program.entry} may not change; editable: {', '.join(task.editable) or 'nothing'}"
    if not has_blocks(program.source) and files_have_blocks(program.files):
        return f"the marked blocks lie in other files than {program.entry}"
    return ""
