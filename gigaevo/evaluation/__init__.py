"""How a program gets its metrics: a pipeline of stages, run in sandboxes."""
