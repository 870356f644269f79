"""The search: engine, strategies and mutation operators."""
