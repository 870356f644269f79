"""The hostile programs by theme, one module each; ``catalogue`` puts them together."""
