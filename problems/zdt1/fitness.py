"""ZDT1, a generation at a time: one row of objectives for each genome."""

import numpy as np


def fitness_batch(genomes):
    f1 = genomes[:, 0]
    g = 1.0 + 9.0 * genomes[:, 1:].mean(axis=1)
    return np.column_stack([f1, g * (1.0 - np.sqrt(f1 / g))])
