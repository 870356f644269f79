"""Evolutionary algorithms, each an ``Optimizer``."""
