"""The Evolve strategy against the Rust crate ``genetic_algorithm`` 0.27.1: user CPU time, the runs in turns.

A figure is the median over ``--repeats`` of the CPU time of a run, with another seed each time. Where a search has a
goal the quality that was reached stands beside the time. An evaluation is a chromosome that crossover or mutation
changed, as the crate counts: unchanged clones keep their score.

The crate is built by cargo in a temporary folder, with ``opt-level = 3``, fat LTO and one codegen unit, and runs
without hashing of genes, its faster way. Where there is no cargo or no registry its column stays empty. Its program was
checked against the sources and the guide of the crate, but could not be compiled where it was written. The last column
of the second table is what the crate took in float64 on another machine of this kind, a free core of 3.5 GHz.

    python benchmarks/bench_evolve.py
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from gigaevo.kernels.backend import BACKEND
from gigaevo.optimize import BinaryGenotype, RangeGenotype, UniqueGenotype, functions
from gigaevo.optimize.strategy import (
    CountTrue,
    CrossoverClone,
    CrossoverMultiPoint,
    CrossoverUniform,
    Evolve,
    ExtensionMassExtinction,
    FitnessOrdering,
    HillClimb,
    HillClimbVariant,
    MutateMultiGene,
    MutateSingleGene,
    MutationType,
    Permutate,
    SelectElite,
    SelectTournament,
)

MINIMIZE = FitnessOrdering.MINIMIZE
SIMPLE: dict[str, Any] = {
    "select": SelectElite(0.5, 0.02),
    "crossover": CrossoverUniform(0.7, 0.8),
    "mutate": MutateSingleGene(0.2),
}
BOLD: dict[str, Any] = {
    "select": SelectTournament(0.5, 0.02, 4),
    "crossover": CrossoverMultiPoint(0.7, 0.8, 9),
    "mutate": MutateMultiGene(2, 0.2),
}
SCALES = [10.24, 2.0, 1.0, 0.5, 0.1]

CARGO = """
[package]
name = "crate_evolve"
version = "0.1.0"
edition = "2021"

[dependencies]
genetic_algorithm = "=0.27.1"

[profile.release]
opt-level = 3
lto = "fat"
codegen-units = 1
"""

RUST = """
use genetic_algorithm::fitness::placeholders::CountTrue;
use genetic_algorithm::strategy::evolve::prelude::*;

fn main() {
    let told: Vec<usize> = std::env::args().skip(1).map(|word| word.parse().unwrap()).collect();
    let genotype = BinaryGenotype::builder()
        .with_genes_size(told[0])
        .with_genes_hashing(false)
        .with_chromosome_recycling(true)
        .build()
        .unwrap();
    let evolve = Evolve::builder()
        .with_genotype(genotype)
        .with_select(SelectElite::new(0.5, 0.02))
        .with_crossover(CrossoverUniform::new(0.7, 0.8))
        .with_mutate(MutateSingleGene::new(0.2))
        .with_fitness(CountTrue)
        .with_target_population_size(told[1])
        .with_max_generations(told[2])
        .with_replace_on_equal_fitness(false)
        .with_rng_seed_from_u64(told[3] as u64)
        .call()
        .unwrap();
    println!("{}", evolve.best_fitness_score().unwrap());
}
"""


class OneMax(NamedTuple):
    """Genes, chromosomes and generations of a case that both sides run."""

    genes: int
    population: int
    generations: int


ONE_MAX = (OneMax(100, 100, 10_000), OneMax(100, 1000, 1_000), OneMax(1000, 100, 10_000))


class Run(NamedTuple):
    """What one run took and reached."""

    seconds: float
    evaluations: int
    generations: int
    score: float


def our_run(make: Callable[[int], Any], seed: int) -> Run:
    """A run of ours, built before the clock starts."""
    search = make(seed)
    begun = time.process_time()
    search.call()
    seconds = time.process_time() - begun
    state = search.state
    return Run(seconds, state.evaluations, state.current_generation, search.best_fitness_score)


def built_crate(folder: Path) -> Path | None:
    """The program of the crate, None where it cannot be built."""
    cargo = shutil.which("cargo")
    if cargo is None:
        print("the crate is not measured: there is no cargo")
        return None
    (folder / "src").mkdir()
    (folder / "Cargo.toml").write_text(CARGO)
    (folder / "src" / "main.rs").write_text(RUST)
    built = subprocess.run([cargo, "build", "--release", "--quiet"], cwd=folder, capture_output=True, text=True)
    if built.returncode:
        print(f"the crate is not measured, cargo said: {built.stderr.strip().splitlines()[-1]}")
        return None
    return folder / "target" / "release" / "crate_evolve"


def crate_seconds(program: Path, case: OneMax, seed: int) -> float:
    """User CPU time of one run of the crate, which begins in a millisecond."""
    with subprocess.Popen([program, *map(str, (*case, seed))], stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the crate failed on {case}")
    return used.ru_utime


def one_max(case: OneMax) -> Callable[[int], Evolve]:
    """Our search of a case."""
    genes, population, generations = case
    return lambda seed: Evolve(
        BinaryGenotype(genes),
        CountTrue(),
        **SIMPLE,
        target_population_size=population,
        max_generations=generations,
        seed=seed,
    )


def rastrigin(kind: MutationType, parts: dict[str, Any], stale: int | None = None) -> Callable[[int], Evolve]:
    """30-D rastrigin, 100 chromosomes, 500 generations at most."""
    return lambda seed: Evolve(
        RangeGenotype(30, (-5.12, 5.12), mutation_type=kind),
        functions.rastrigin,
        **parts,
        fitness_ordering=MINIMIZE,
        max_generations=500,
        max_stale_generations=stale,
        seed=seed,
    )


def queens(variant: HillClimbVariant) -> Callable[[int], HillClimb]:
    """64 queens by a climber that also moves to equals."""
    return lambda seed: HillClimb(
        UniqueGenotype(range(64)),
        functions.queens,
        variant=variant,
        fitness_ordering=MINIMIZE,
        target_fitness_score=0,
        replace_on_equal_fitness=True,
        seed=seed,
    )


def queens_evolve(seed: int) -> Evolve:
    """64 queens by a small population of clones."""
    return Evolve(
        UniqueGenotype(range(64)),
        functions.queens,
        select=SelectElite(0.5, 0.02),
        crossover=CrossoverClone(0.7),
        mutate=MutateSingleGene(0.8),
        target_population_size=20,
        fitness_ordering=MINIMIZE,
        target_fitness_score=0,
        replace_on_equal_fitness=True,
        seed=seed,
    )


def document(seed: int) -> Evolve:
    """The example of the strategy document, with a cache and an extension, without its reporter."""
    return Evolve(
        BinaryGenotype(100),
        CountTrue(),
        **SIMPLE,
        extension=ExtensionMassExtinction(10, 0.1, 0.02),
        fitness_ordering=MINIMIZE,
        fitness_cache=1000,
        target_fitness_score=0,
        valid_fitness_score=10,
        max_stale_generations=1000,
        max_generations=1_000_000,
        max_chromosome_age=10,
        replace_on_equal_fitness=True,
        seed=seed,
    )


# Cases that only ours runs here, with what the crate took and reached elsewhere.
OTHERS: dict[str, tuple[Callable[[int], Any], str]] = {
    "rastrigin, range 0.5": (rastrigin(MutationType.range(0.5), SIMPLE), "416 ns, median 43.4"),
    "rastrigin, random": (rastrigin(MutationType.random(), SIMPLE), "403 ns, median 6.42"),
    "rastrigin, range scaled": (rastrigin(MutationType.range_scaled(SCALES), SIMPLE, 12), "408 ns, median 1.12"),
    "rastrigin, range scaled, bold": (rastrigin(MutationType.range_scaled(SCALES), BOLD, 20), "586 ns, median 9.65"),
    "rastrigin, range 1.0, bold": (rastrigin(MutationType.range(1.0), BOLD), "593 ns, median 10.0"),
    "64 queens, climb": (queens(HillClimbVariant.STOCHASTIC), "256 ns, 0.72 ms"),
    "64 queens, steepest climb": (queens(HillClimbVariant.STEEPEST_ASCENT), "150 ns, 5.5 ms"),
    "64 queens, population of 20": (queens_evolve, "994 ns, 3.2 ms"),
    "the document's example": (document, "390 ns, 0.65 ms"),
}


def against_crate(repeats: int) -> None:
    """The cases that both sides run, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        program = built_crate(Path(folder))
        print(f"{'OneMax: genes x population':<32} {'ns/eval':>9} {'us/gen':>9} {'crate':>9} {'ratio':>7}  reached")
        for case in ONE_MAX:
            runs, theirs = [], []
            for seed in range(repeats):
                runs.append(our_run(one_max(case), seed))
                if program is not None:
                    theirs.append(crate_seconds(program, case, seed))
            seconds = statistics.median(run.seconds for run in runs)
            each = seconds / statistics.median(run.evaluations for run in runs) * 1e9
            ours = seconds / case.generations * 1e6
            crate = statistics.median(theirs) / case.generations * 1e6 if theirs else float("nan")
            against = f"{crate:>9.2f} {crate / ours:>6.1f}x" if theirs else "-"
            name = f"{case.genes} x {case.population}, {case.generations} generations"
            reached = statistics.median(run.score for run in runs)
            print(f"{name:<32} {each:>9.1f} {ours:>9.2f} {against:>17}  {reached:g}")


def alone(repeats: int) -> None:
    """The other cases."""
    print(f"\n{'case':<32} {'ns/eval':>9} {'ms/run':>9} {'evaluations':>12} {'median':>8} {'best':>8}  the crate")
    for name, (make, elsewhere) in OTHERS.items():
        runs = [our_run(make, seed) for seed in range(repeats)]
        seconds = statistics.median(run.seconds for run in runs)
        evaluations = statistics.median(run.evaluations for run in runs)
        scores = [run.score for run in runs]
        print(
            f"{name:<32} {seconds / evaluations * 1e9:>9.1f} {seconds * 1e3:>9.2f} {evaluations:>12.0f} "
            f"{statistics.median(scores):>8.2f} {min(scores):>8.2f}  {elsewhere}"
        )
    permutate = Permutate(BinaryGenotype(20), CountTrue())
    begun = time.process_time()
    permutate.call()
    each = (time.process_time() - begun) / permutate.evaluations * 1e9
    print(f"{'all of 20 bits':<32} {each:>9.1f} {'':>9} {permutate.evaluations:>12}  {'':>16}  174 ns")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=11)
    repeats = parser.parse_args().repeats
    print(f"kernels: {BACKEND}; medians of {repeats} runs, CPU time")
    against_crate(repeats)
    alone(repeats)


if __name__ == "__main__":
    main()
