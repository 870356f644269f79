"""The length of a closed tour through 50 cities on a circle, in no order, by the compiled function.

On a circle the shortest tour is known: once around it, 100 sin(pi / 50) long.
"""

import numpy as np

from gigaevo.optimize import functions

CITIES = 50
ANGLES = 2.0 * np.pi * np.random.default_rng(50).permutation(CITIES) / CITIES
PLACES = np.column_stack([np.cos(ANGLES), np.sin(ANGLES)])

fitness = functions.tsp(np.linalg.norm(PLACES[:, None] - PLACES[None, :], axis=2))
