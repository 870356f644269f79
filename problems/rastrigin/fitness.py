"""The compiled function of this name: a generation is evaluated without the interpreter."""

fitness = "rastrigin"
