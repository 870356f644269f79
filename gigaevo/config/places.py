"""Where the things lie that come with the project."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIG_ROOT = ROOT / "config"
PROBLEMS = ROOT / "problems"
