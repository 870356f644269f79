"""Running programs and validators in other processes.

``ForkServer`` (client.py) runs programs: a warm process (forkserver.py) forks a child (child.py) for each.
``TrustedWorkers`` (workers.py) holds the problem's validator in long-lived processes (trusted_worker.py).
``wire.py`` is the only format in which values cross between them, ``frames.py`` the only format of messages.

Nothing is imported here: the forked processes import this package too, and must stay small.
"""
