"""Runs of numeric problems: candidates are numbers, bits or permutations, and ``gigaevo.optimize`` searches."""
