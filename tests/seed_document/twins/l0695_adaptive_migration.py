"""A high rate for islands that have stagnated, and a low one for those that explore."""

from __future__ import annotations

from gigaevo.evolution.strategies.migration import Migration
from gigaevo.evolution.strategies.migration_policy import AdaptiveMigrationPolicy

HIGH = 10  # generations between migrations to islands that have stagnated: force new ideas
LOW = 50  # generations between migrations to all of them: let islands explore

migration = Migration(policy=AdaptiveMigrationPolicy(interval=LOW, fast_interval=HIGH, migrants=2, stagnation=30))
