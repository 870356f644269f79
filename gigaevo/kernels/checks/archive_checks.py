"""What the elite archive accepts; both implementations raise through here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.checks.array_checks import MAX_ROWS, check_shape, float_array, int_array
from gigaevo.kernels.checks.grid_checks import MAX_CELLS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


def check_archive(total_cells: int, behavior_dim: int, solution_dim: int, capacity: int) -> None:
    """Raise ValueError if an archive cannot have this shape."""
    if not 1 <= total_cells <= MAX_CELLS:
        raise ValueError(f"total_cells is {total_cells}, expected 1 to 2**62")
    if behavior_dim < 0 or solution_dim < 0:
        name, value = ("behavior_dim", behavior_dim) if behavior_dim < 0 else ("solution_dim", solution_dim)
        raise ValueError(f"{name} is {value}, expected 0 or more")
    if not 1 <= capacity <= MAX_ROWS:
        raise ValueError(f"capacity is {capacity}, expected 1 to {MAX_ROWS}")


def check_cell(cell: int, total_cells: int) -> None:
    """Raise ValueError if a single cell is not of the archive."""
    if not 0 <= cell < total_cells:
        raise ValueError(f"cell is {cell}, expected 0 to {total_cells - 1}")


def check_not_empty(elites: int) -> None:
    """Raise ValueError if there is no elite to sample."""
    if elites == 0:
        raise ValueError("the archive is empty, there is no elite to sample")


def optional_rows(name: str, given: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.float64] | None:
    """What an archive keeps beside the objective: an array of ``shape``, or None where the archive keeps none.

    Raises:
        ValueError: Given though the archive keeps none, missing though it does, or of another shape.
    """
    if shape[-1] == 0:
        if given is not None:
            raise ValueError(f"{name} given, but the archive was made without any (dimension 0)")
        return None
    if given is None:
        raise ValueError(f"{name} missing, expected shape {shape}")
    array = float_array(name, given, len(shape))
    check_shape(name, array, shape)
    return array


def optional_keys(given: ArrayLike | None, n: int, keyed: bool) -> NDArray[np.int64] | None:
    """The keys of ``n`` items, or None where an archive keeps none.

    Raises:
        ValueError: Given though the archive keeps none, missing though it does, or of another shape or type.
    """
    if not keyed:
        if given is not None:
            raise ValueError("keys given, but the archive was made without any (keyed=False)")
        return None
    if given is None:
        raise ValueError(f"keys missing, expected shape ({n},)")
    keys = int_array("keys", given, 1)
    check_shape("keys", keys, (n,))
    return keys


def check_keyed(keyed: bool) -> None:
    """Raise ValueError if an archive keeps no keys."""
    if not keyed:
        raise ValueError("the archive was made without keys (keyed=False)")


def check_depth(depth: int, total_cells: int) -> None:
    """Raise ValueError unless the cells of an archive are whole runs of ``depth``."""
    if depth < 1 or total_cells % depth:
        raise ValueError(f"depth is {depth}, expected a divisor of the {total_cells} cells")
