"""Kernels that Cython compiles."""
