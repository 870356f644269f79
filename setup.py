"""Build the optional Cython kernels; everything else about the package is in pyproject.toml."""

from __future__ import annotations

import os
from pathlib import Path

from setuptools import Extension, setup

KERNELS = Path("gigaevo/kernels/compiled")
# Neither -ffast-math nor fused multiply-add: they make results differ between machines, and from the numpy twins.
# Without what debuggers read, which is most of a module: Python asks for it by default.
FLAGS = ["-O3", "-g0", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off"]


def extensions() -> list[Extension]:
    """The kernels as extensions that may fail to compile: the package then runs on its numpy twins."""
    if os.environ.get("GIGAEVO_PURE_PYTHON") == "1":
        return []
    import numpy
    from Cython.Build import cythonize

    modules = [
        Extension(
            f"gigaevo.kernels.compiled.{source.stem}",
            [str(source)],
            depends=[str(header) for header in sorted(KERNELS.glob("*.h"))],
            include_dirs=[numpy.get_include()],
            define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
            extra_compile_args=[] if os.name == "nt" else FLAGS,
        )
        for source in sorted(KERNELS.glob("*.pyx"))
    ]
    built: list[Extension] = cythonize(modules, compiler_directives={"language_level": "3"})
    for extension in built:
        extension.optional = True  # cythonize() drops the flag when it is given to Extension itself
    return built


setup(ext_modules=extensions(), options={"build_ext": {"parallel": True}})
