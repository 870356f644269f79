"""Hostile programs, and the verdict that each of them must get."""
