"""MAP-Elites on vectors: its archives and emitters."""
