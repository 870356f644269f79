"""Selection, crossover and mutation."""
