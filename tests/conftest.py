"""What holds for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# How long an example takes says something of the machine, and of what else it has to do; an endless one ends with its
# test.
untimed = settings(settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("short", untimed, max_examples=50)
settings.register_profile("long", untimed, max_examples=1000)  # pytest --hypothesis-profile=long
settings.load_profile("short")
