"""gigaevo evolves programs with quality-diversity search.

Importing the package is cheap on purpose: no numpy, scipy, networkx, redis or language-model client is
loaded until a part that needs it is used.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
