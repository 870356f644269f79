"""How a population is kept: MAP-Elites islands and their replaceable parts, and the control arm."""
