"""Where the hand of a planar arm is, and how evenly its joints are bent, a generation at a time."""

import numpy as np


def fitness_batch(genomes):
    """(fitness, behaviours): minus the variance of the angles, and the place of the hand; the arm is 1 long."""
    headings = np.cumsum(np.pi * genomes, axis=1)
    hands = np.column_stack([np.cos(headings).mean(axis=1), np.sin(headings).mean(axis=1)])
    return -genomes.var(axis=1), hands
