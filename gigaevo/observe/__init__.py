"""Listeners: what people and files get to know of a run."""

from gigaevo.observe.best import BestProgramFile
from gigaevo.observe.best_artifacts import BestArtifacts
from gigaevo.observe.console import progress_view
from gigaevo.observe.failures import FailureLog
from gigaevo.observe.live import LiveView
from gigaevo.observe.metrics_log import MetricsLog
from gigaevo.observe.plain import PlainLines
from gigaevo.observe.population import PopulationHistory
from gigaevo.observe.summary import SummaryFile, print_summary

__all__ = [
    "BestArtifacts",
    "BestProgramFile",
    "FailureLog",
    "LiveView",
    "MetricsLog",
    "PlainLines",
    "PopulationHistory",
    "SummaryFile",
    "print_summary",
    "progress_view",
]
