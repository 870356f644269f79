"""The stages that ship: syntax, run, validate, complexity."""
