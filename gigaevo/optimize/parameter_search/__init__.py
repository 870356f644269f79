"""The search for parameters of a pipeline: ``evolve`` and its like, with backtests and walk-forward."""
