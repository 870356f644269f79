"""What the keys of searches among numbers do."""

from __future__ import annotations

from typing import Any

from gigaevo.optimize import SBX, PolynomialMutation
from gigaevo.optimize.strategy import CrossoverUniform, ExtensionMassGenesis, MutateSingleGene, SelectTournament
from tests.config import looks
from tests.config import numeric_looks as numbers
from tests.config.effects import Effect

# A problem whose fitness says which process it was evaluated in.
WHO_AM_I = {
    "task_description.txt": "Who evaluates?\n",
    "metrics.yaml": "specs:\n  fitness: {description: number of the process, is_primary: true}\n",
    "genotype.yaml": "kind: range\ngenes_size: 1\nallele_range: [0, 1]\n",
    "fitness.py": "import os\n\n\ndef fitness(genome):\n    return float(os.getpid())\n",
}
OF_PROCESSES = "problem.dir={tmp}/whoami experiment=numeric max_generations=2"
RASTRIGIN = "problem.name=rastrigin experiment=numeric"


def refused(key: str, value: str) -> dict[str, Effect]:
    """A key of programs, which is empty here."""
    return {
        key: Effect(value, lambda text: "is for programs" in text, True, "said", "problem.name=rastrigin"),
    }


NUMERIC = {
    "experiment/numeric.yaml": {
        "workers": Effect("1", numbers.evaluated_elsewhere, True, "ran", OF_PROCESSES),
        "checkpoint_s": Effect("2", lambda it: it.settings.checkpoint_s, 2, "started", RASTRIGIN),
        **refused("stage_timeout", "5"),
        **refused("memory_limit_mb", "500"),
        **refused("num_parents", "2"),
        **refused("island_max_size", "10"),
    },
    "observe/search.yaml": {
        "observe.view": Effect("live", looks.view, "SearchLiveView", base=RASTRIGIN),
        "observe.interval_s": Effect(
            "1e-9", numbers.lines_of_progress, True, "ran", f"{RASTRIGIN} max_generations=25 observe.view=plain"
        ),
    },
    "storage/search.yaml": {
        "search_storage.path._args_": Effect(
            "[/elsewhere,my.db]", numbers.path_of_the_storage, "/elsewhere/my.db", base=RASTRIGIN
        ),
        "search_storage.synchronous": Effect(
            "normal",
            numbers.synchronous,
            1,
            base=f"{RASTRIGIN} search_storage.path._args_=[{{tmp}},numbers.db]",
        ),
    },
}


class Table:
    """Rows of one algorithm: each key changes what it finds to what an optimizer made in Python finds."""

    def __init__(self, algorithm: str, problem: str = "rastrigin") -> None:
        self._algorithm, self._problem = algorithm, problem
        self.base = f"problem.name={problem} experiment=numeric algorithm={algorithm}"

    def key(self, name: str, value: str, given: Any = None, *, base: str = "", **also: Any) -> dict[str, Effect]:
        """A key.

        Args:
            name: Its name.
            value: As typed.
            given: As passed in Python; None: the number that ``value`` says.
            base: What is set before and after.
            also: The same in Python.
        """
        argument = float(value) if given is None else given
        if given is None and argument.is_integer():
            argument = int(argument)
        changed = {**also, name: argument}
        seen = numbers.searches_as(self._algorithm, self._problem, **changed)
        return {f"optimizer.{name}": Effect(value, seen, True, base=f"{self.base} {base}".strip())}

    def nested(self, name: str, value: str, **parts: Any) -> dict[str, Effect]:
        """A key of a part, given as that part in Python."""
        seen = numbers.searches_as(self._algorithm, self._problem, **parts)
        return {f"optimizer.{name}": Effect(value, seen, True, base=self.base)}

    def seen(self, name: str, value: str, look: Any, after: Any, *, base: str = "") -> dict[str, Effect]:
        """A key that is seen otherwise."""
        return {f"optimizer.{name}": Effect(value, look, after, base=f"{self.base} {base}".strip())}

    def of_the_run(self, *, maximize: bool = True) -> dict[str, Effect]:
        """Keys that every optimizer of one objective gets from the run.

        Args:
            maximize: The other direction than the problem's.
        """
        return {
            **self.seen("genotype", "${ref:spare_genotype}", numbers.genes, 3),
            **self.key("maximize", str(maximize).lower(), maximize),
            **self.key("seed", "5"),
        }


GA, DE, PSO, CMA = Table("ga"), Table("de"), Table("pso"), Table("cma_es")
NSGA, MAP, EVOLVE, AUTO = Table("nsga2", "zdt1"), Table("map_elites", "robot_arm"), Table("evolve"), Table("auto")
GENERATIONAL = {"base": "optimizer.survival=generational", "survival": "generational"}
CLASSIC = {"base": "optimizer.strategy=rand/1", "strategy": "rand/1"}
NSGA_RUN = NSGA.of_the_run()

NUMERIC_ALGORITHMS = {
    "algorithm/auto.yaml": {
        **AUTO.seen("problem", "${ref:spare_problem}", numbers.class_of_the_optimizer, "NSGA2"),
        **AUTO.seen("genotype", "${ref:spare_genotype}", numbers.genes, 3),
        **AUTO.seen("seed", "5", lambda built: built.node("optimizer").seed, 5),
        **AUTO.seen("population_size", "17", numbers.part("population_size"), 17),
    },
    "algorithm/ga.yaml": {
        **GA.of_the_run(),
        **GA.key("population_size", "30"),
        **GA.key("selection", "rank", "rank"),
        **GA.key("crossover_rate", "0.5"),
        **GA.key("survival", "generational", "generational"),
        **GA.key("elite_count", "7", **GENERATIONAL),
        **GA.key("adaptive_mutation", "true", True),
    },
    "algorithm/de.yaml": {
        **DE.of_the_run(),
        **DE.key("population_size", "30"),
        **DE.key("strategy", "rand/1", "rand/1"),
        **DE.key("weight", "0.8", **CLASSIC),
        **DE.key("crossover_rate", "0.3", **CLASSIC),
    },
    "algorithm/pso.yaml": {
        **PSO.of_the_run(),
        **PSO.key("population_size", "30"),
        **PSO.key("inertia", "0.5"),
        **PSO.key("cognitive", "1.2"),
        **PSO.key("social", "1.2"),
        **PSO.key("topology", "global", "global"),
    },
    "algorithm/cma_es.yaml": {
        **CMA.of_the_run(),
        **CMA.key("sigma", "0.1"),
        **CMA.key("population_size", "30"),
        **CMA.seen("restarts", "ipop", lambda built: built.node("optimizer")._restarts, "ipop"),
    },
    "algorithm/nsga2.yaml": {
        **{key: effect for key, effect in NSGA_RUN.items() if key != "optimizer.maximize"},
        **NSGA.key("maximize", "[true,false]", [True, False]),
        **NSGA.seen(
            "objectives",
            "3",
            numbers.part("objectives"),
            3,
            base="optimizer.maximize=false optimizer.reference=null",
        ),
        **NSGA.key("reference", "[900,900]", [900.0, 900.0]),
        **NSGA.key("population_size", "30"),
        **NSGA.nested("crossover", "{_target_:gigaevo.optimize.SBX,eta:3}", crossover=SBX(eta=3)),
        **NSGA.nested(
            "mutation", "{_target_:gigaevo.optimize.PolynomialMutation,eta:5}", mutation=PolynomialMutation(5)
        ),
    },
    "algorithm/map_elites.yaml": {
        **MAP.of_the_run(maximize=False),
        **MAP.key("batch_size", "50"),
        **MAP.key("parents", "curiosity", "curiosity"),
        **MAP.seen("archive.ranges", "[[-2,2],[-1,1]]", lambda built: numbers.archive(built)[3], (-2.0, 2.0)),
        **MAP.seen("archive.worst_fitness", "-7", lambda built: numbers.archive(built)[2], -7),
        **MAP.seen("archive.cells", "5", lambda built: numbers.archive(built)[0], 25),
        **MAP.seen("archive.elites_per_cell", "3", lambda built: numbers.archive(built)[1], 3),
    },
    "algorithm/evolve.yaml": {
        **EVOLVE.of_the_run(),
        **EVOLVE.key("target_population_size", "30"),
        **EVOLVE.key("max_chromosome_age", "1"),
        **EVOLVE.key("fitness_cache", "1000"),
        **EVOLVE.seen(
            "replace_on_equal_fitness",
            "true",
            lambda built: built.node("optimizer")._strategy.replace_on_equal_fitness,
            True,
        ),
        **EVOLVE.nested("select.replacement_rate", "1", select=SelectTournament(1.0, 0.02, 4)),
        **EVOLVE.nested("select.elitism_rate", "0.3", select=SelectTournament(0.5, 0.3, 4)),
        **EVOLVE.nested("select.tournament_size", "2", select=SelectTournament(0.5, 0.02, 2)),
        **EVOLVE.nested("mutate.mutation_probability", "0.1", mutate=MutateSingleGene(0.1)),
        **EVOLVE.nested(
            "crossover",
            "{_target_:gigaevo.optimize.strategy.CrossoverUniform,selection_rate:0.3,crossover_rate:0.5}",
            crossover=CrossoverUniform(0.3, 0.5),
        ),
        **EVOLVE.nested(
            "extension",
            "{_target_:gigaevo.optimize.strategy.ExtensionMassGenesis,cardinality_threshold:10000}",
            extension=ExtensionMassGenesis(10000),
        ),
    },
}
