"""What ``python run.py`` does: compose the configuration, then run it or continue a run. Faults become one line."""

from __future__ import annotations

import io
import os
import re
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from gigaevo.config.errors import ConfigError, one_line
from gigaevo.config.explain import explain, is_configuration_error, no_problem_chosen
from gigaevo.config.places import CONFIG_ROOT, PROBLEMS
from gigaevo.config.resolvers import register_resolvers
from gigaevo.config.result import ExitStatus, JobFailed, RunResult
from gigaevo.config.sweep.options import register_options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_RESUME = "resume="
_WITH_VALUE = ("--config-dir", "-cd", "--config-path", "-cp", "--config-name", "-cn", "--package", "-p", "--info", "-i")
_SECRET = re.compile(r"[+~]*[\w./]*(api_?key|secret|password|token|credentials?)=", re.IGNORECASE)
_KEY_FOR_ITS_NAME = re.compile(r"\+*([\w.]*api_key_env)=(?!null$|['\"]?[A-Z_][A-Z0-9_,]*['\"]?$|['\"]?\$)")
_LOOKS_SECRET = re.compile(r"[^\s/]{16,}")  # no path, no word
_SECRET_IN_ADDRESS = re.compile(r"([\w./+]*)=['\"]?\w+://[^/@\s]+@")
_DASHED = re.compile(r"--?(?P<override>[A-Za-z_][\w.]*=.*)")


def main(task: Callable[[], Any], arguments: Sequence[str]) -> int:
    """Run the command line.

    Args:
        task: The function that ``hydra.main`` made of the task; it reads ``sys.argv`` itself.
        arguments: The command line without the name of the script.

    Returns:
        Exit status of the process; see ``ExitStatus``.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal that lacks a letter shall not end a run
        sys.stdout.reconfigure(errors="backslashreplace")
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # else Hydra prints several lines and exits with status 1
    register_resolvers()
    register_options()

    def command() -> RunResult:
        _refuse_dashes(arguments)
        _refuse_keys(arguments)
        if any(argument.startswith(_RESUME) and argument != "resume=null" for argument in arguments):
            return resume(arguments)
        sys.argv[1:] = _flags_first(_with_experiment(_with_recorded_problem(arguments)))
        try:
            task()
        except HydraException:  # one kind of it is an OSError as well
            raise
        except OSError as error:  # what happens in the run itself does not get here
            raise ConfigError(f"hydra.run.dir: the output folder cannot be made: {one_line(error)}") from error
        except Exception as error:
            if not no_problem_chosen(error):
                raise
            sys.stdout.write(_problem_list())
        return RunResult(status=ExitStatus.ENDED)

    return int(_reported(command).status)


def run(config: DictConfig) -> float | None:
    """Start the run that Hydra composed. Called by Hydra, once for each job of a sweep.

    Returns:
        Final best fitness, for sweepers.

    Raises:
        SystemExit: The run did not end well; carries the exit status.
        JobFailed: The same within a sweep, whose other jobs go on.
    """
    register_resolvers()  # a launcher may have started this process
    context = HydraConfig.get()
    folder = Path(context.runtime.output_dir)

    def start() -> RunResult:
        result = _reported(lambda: _start(config, folder))
        _remove_if_empty(folder)
        return result

    if context.mode == RunMode.MULTIRUN:
        from gigaevo.config.sweep.job import run_job

        return run_job(context, folder, start)
    result = start()
    if result.status != ExitStatus.ENDED:
        raise SystemExit(int(result.status))
    return result.best_fitness


def resume(arguments: Sequence[str]) -> RunResult:
    """Continue the run in a folder with the configuration that is stored there.

    Args:
        arguments: ``resume=<folder>``, and limits that shall change.

    Raises:
        ConfigError: The folder has no run, or something else than a limit shall change.
    """
    from gigaevo.config import stored
    from gigaevo.config.numeric.combination import is_search
    from gigaevo.config.prepare import settings_of
    from gigaevo.config.schema import LIMITS, NUMERIC_LIMITS
    from gigaevo.config.sweep.job import recorded_again
    from gigaevo.problems import ProblemError

    folder, limits, others = None, {}, []
    for argument in arguments:
        key, _, value = argument.partition("=")
        if key == "resume":
            folder = _folder(value)
        elif key in LIMITS or key.startswith("budget."):
            limits[key] = _read(argument, value)
        else:
            others.append(argument)
    assert folder is not None
    before = stored.load(folder)
    if is_search(before):
        others += [f"{key}={value}" for key, value in limits.items() if key not in NUMERIC_LIMITS]
    if others:
        raise ConfigError(_only_limits(others[0], NUMERIC_LIMITS if is_search(before) else (*LIMITS, "budget.*")))
    config = stored.with_limits(before, {**limits, "resume": str(folder)})
    settings = settings_of(config)

    def go_on() -> RunResult:
        if limits:
            stored.replace(folder, stored.with_limits(before, limits))
        try:
            return _execute(settings, config, folder)
        except (ConfigError, ProblemError):
            if limits:
                stored.replace(folder, before)
            raise

    return recorded_again(folder, go_on)


def _only_limits(argument: str, limits: Sequence[str]) -> str:
    return f"{argument}: a run is resumed as it was; only {', '.join(limits)} may change"


def _folder(text: str) -> Path:
    """The folder meant by ``text``, which may be quoted as Hydra wants special characters to be."""
    written = Path(text).expanduser()
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "'\"" or written.is_dir():
        return written
    return Path(re.sub(r"\\(.)", r"\1", text[1:-1])).expanduser()


def _read(argument: str, value: str) -> Any:
    try:
        return OmegaConf.create(f"value: {value}").value
    except Exception as error:
        raise ConfigError(f"{argument}: {one_line(error)}") from error


def _start(config: DictConfig, folder: Path) -> RunResult:
    from gigaevo.config import stored
    from gigaevo.config.numeric.combination import check_combination
    from gigaevo.config.prepare import check_keys, complete, settings_of
    from gigaevo.config.sweep.side_by_side import output_apart
    from gigaevo.problems import ProblemError

    if config.get("resume") is not None:
        raise ConfigError(f"resume={config.resume}: give it on the command line, without --multirun")
    context = HydraConfig.get()
    if config.get("transcript") is not None and OmegaConf.select(config, "llm.replay") is not None:
        from gigaevo.config.replaying import replayed

        config = replayed(config, overrides=context.overrides.task, groups=context.runtime.choices)
    complete(config, problems=PROBLEMS, import_paths=_import_paths())
    check_combination(config, context.runtime.choices)
    check_keys(config)
    final = stored.final_values(config)
    settings = settings_of(final)
    stored.claim(folder, final)
    try:
        with output_apart(folder):
            return _execute(settings, final, folder)
    except (ConfigError, ProblemError):
        stored.withdraw(folder)
        raise


def _execute(settings: Any, config: DictConfig, folder: Path) -> RunResult:
    from gigaevo.config.builder import Builder
    from gigaevo.config.numeric.combination import is_search

    builder = Builder(config, given={"output_dir": folder.resolve()}, import_paths=settings.import_paths)
    if is_search(config):
        from gigaevo.config.numeric.assemble import execute_search

        return execute_search(settings, builder, folder.resolve())
    from gigaevo.config.assemble import execute

    return execute(settings, builder, folder.resolve())


def _import_paths() -> list[Path]:
    """Where classes of users may lie: beside their configuration files, and in the working directory."""
    runtime = HydraConfig.get().runtime
    sources = [Path(source.path) for source in runtime.config_sources if source.schema == "file" and source.path]
    beside = [
        source / group
        for source in sources
        for group, choice in runtime.choices.items()
        if (source / group / f"{choice}.yaml").is_file() and any((source / group).glob("*.py"))
    ]
    return list(dict.fromkeys([Path.cwd(), *sources, *beside]))


def _reported(action: Callable[[], RunResult]) -> RunResult:
    """The result of ``action``; what it raises is shown and becomes a status."""
    try:
        return action()
    except JobFailed as failure:
        return RunResult(status=failure.status, error=failure.reason)
    except KeyboardInterrupt:
        return RunResult(status=ExitStatus.INTERRUPTED)
    except Exception as error:
        if _is_engine_error(error):
            sys.stderr.write(f"error: {one_line(error)}\n")
            return RunResult(status=ExitStatus.FAULT, error=one_line(error))
        if is_configuration_error(error) or _is_problem_error(error):
            line = explain(error, config_root=CONFIG_ROOT) if is_configuration_error(error) else one_line(error)
            sys.stderr.write(f"error: {line}\n")
            return RunResult(status=ExitStatus.CONFIGURATION, error=line)
        traceback.print_exc()
        line = f"{type(error).__name__}: {one_line(error)}"
        sys.stderr.write(f"fault in gigaevo: {line}\n")
        return RunResult(status=ExitStatus.FAULT, error=f"fault in gigaevo: {line}")


def _is_engine_error(error: Exception) -> bool:
    """Whether the run could not go on, for a reason that its message gives."""
    from gigaevo.evolution.engine.errors import EngineError

    return isinstance(error, EngineError)


def _is_problem_error(error: Exception) -> bool:
    from gigaevo.problems import ProblemError

    return isinstance(error, ProblemError)


def _refuse_dashes(arguments: Sequence[str]) -> None:
    """Say so when somebody writes ``--max_mutants=5``, which Hydra's parser would answer with its whole usage."""
    for argument in arguments:
        match = _DASHED.fullmatch(argument)
        if match is not None and not argument.startswith(("--config-", "--package", "--info", "--cfg")):
            raise ConfigError(f"{argument}: write {match['override']}, without dashes")


def _refuse_keys(arguments: Sequence[str]) -> None:
    """A key on the command line would be seen by everybody on the machine, and stay in the records of the run."""
    from gigaevo.llm.secrets import SECRET_NAME

    for argument in arguments:
        match = _SECRET.match(argument)
        if match is not None:
            raise ConfigError(f"{match[0].rstrip('=')}: keys come from the environment or from .env, not as arguments")
        match = _SECRET_IN_ADDRESS.match(argument)
        if match is not None:
            raise ConfigError(f"{match[1]}: an address must hold neither user nor password; keys come from .env")
        match = _KEY_FOR_ITS_NAME.match(argument)
        if match is not None:
            raise ConfigError(f"{match[1]}: this is the name of the variable that holds the key, such as LLM_API_KEY")
        for variable, value in os.environ.items():
            if SECRET_NAME.search(variable) and _LOOKS_SECRET.fullmatch(value) and value in argument:
                key = argument.partition("=")[0]
                raise ConfigError(f"{key} holds the value of {variable}, which is not for the records of a run")


def _with_recorded_problem(arguments: Sequence[str]) -> Sequence[str]:
    if "llm=replay" not in arguments:
        return arguments
    from gigaevo.config.replaying import with_recorded_problem

    return with_recorded_problem(arguments)


def _with_experiment(arguments: Sequence[str]) -> Sequence[str]:
    if not any(argument.startswith("problem.") for argument in arguments):
        return arguments
    from gigaevo.config.numeric.combination import with_experiment

    return with_experiment(arguments)


def _flags_first(arguments: Sequence[str]) -> list[str]:
    """The same arguments in an order that Hydra can read: its parser takes no flag between two overrides."""
    overrides = [
        argument
        for before, argument in zip(["", *arguments], arguments, strict=False)
        if not argument.startswith("-") and ("=" in argument or argument.startswith("~")) and before not in _WITH_VALUE
    ]
    return [argument for argument in arguments if argument not in overrides] + overrides


def _problem_list() -> str:
    from gigaevo.problems import list_problems

    problems = list_problems(PROBLEMS)
    width = max((len(problem.name) for problem in problems), default=0)
    lines = [f"  {problem.name:<{width}}  {problem.summary}".rstrip() for problem in problems]
    example = problems[0].name if problems else "<name>"
    return "\n".join(
        [
            "Choose a problem:",
            "",
            *lines,
            "",
            f"For example: python run.py problem.name={example}",
            "A folder of your own: python run.py problem.dir=path/to/folder",
            "Settings and choices: python run.py --help",
            "",
        ]
    )


def _remove_if_empty(folder: Path) -> None:
    """Take away the folders that Hydra made for a run that never began."""
    for path in (folder, folder.parent):
        try:
            path.rmdir()
        except OSError:
            return
