"""Mutation operators: parents in, a child's source out."""
