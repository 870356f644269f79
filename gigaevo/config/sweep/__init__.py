"""Many runs with one command: ``python run.py -m ...``.

``job`` runs one of them, ``record`` keeps what became of each and makes ``sweep_summary.csv`` of it, ``side_by_side``
lets jobs share a machine, ``launcher`` runs them so with joblib, ``space`` reads what a study may try, and ``study``
searches there with Optuna. Where all combinations were run, ``compared`` tells what they came to: ``arms`` are jobs
that differ in the seed alone, ``comparison`` says which is ahead and how sure that is, by ``rank_statistics``.
Hydra finds launcher and sweepers by way of ``hydra_plugins/gigaevo_sweeps.py``.
"""
