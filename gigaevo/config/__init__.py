"""From YAML and a command line to the objects of a run.

Read in this order: ``command_line`` (what ``python run.py`` does), ``schema`` (what people type every day), ``builder``
(how a node of the configuration becomes an object), ``stored`` (what a run folder remembers), ``sweep`` (many runs).
"""
