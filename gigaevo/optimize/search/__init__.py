"""What all optimizers share: the loop, asking and telling, stops, results, checkpoints, fitness functions."""
