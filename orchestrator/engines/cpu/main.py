"""The command `orchestrator mx3`: mumax3's command line on the embedded engine."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.engines.cpu.language.errors import CompileError, ScriptError, ScriptExit

_FLAGS: dict[str, tuple[type, Any]] = {
    "gpu": (int, 0), "o": (str, ""), "f": (bool, False), "i": (bool, False),
    "http": (str, "127.0.0.1:35367"), "cache": (str, ""), "s": (bool, False),
    "sync": (bool, False), "paranoid": (bool, False), "failfast": (bool, False),
    "vet": (bool, False), "v": (bool, True), "test": (bool, False), "threads": (int, 0),
}  # fmt: skip
_USAGE = """usage: orchestrator mx3 [flags] script.mx3 ...
  -o DIR        output folder (default: script without extension + .out)
  -f            empty the output folder first
  -vet          only check the scripts
  -v=false      no banner
  -threads N    threads of the kernels (default: all cores)
  -failfast     with several scripts: stop at the first that fails
mumax3's -gpu -cache -s -sync -paranoid -http are accepted and have no effect."""


@dataclass
class Options:
    """Flags by name and the scripts behind them."""

    flags: dict[str, Any]
    scripts: list[str]


class UsageError(Exception):
    """The command line is wrong (exit code 2)."""


def parse_arguments(argv: list[str]) -> Options:
    """Flags as Go reads them: `-x=v` or `-x v`, booleans `-x`, up to the first other word.

    Raises
    ------
    UsageError
        If a flag is unknown or its value malformed.
    """
    flags = {name: default for name, (_, default) in _FLAGS.items()}
    words = list(argv)
    while words and words[0].startswith("-") and words[0] != "-":
        word = words.pop(0)
        if word == "--":
            break
        name, equals, value = word.lstrip("-").partition("=")
        if name in ("h", "help"):
            raise UsageError("")
        if name not in _FLAGS:
            raise UsageError(f"flag provided but not defined: -{name}")
        kind = _FLAGS[name][0]
        if kind is bool:
            truth = value.lower() if equals else "true"
            if truth not in ("true", "false", "1", "0", "t", "f"):
                raise UsageError(f"invalid boolean value {value!r} for -{name}")
            flags[name] = truth in ("true", "1", "t")
            continue
        if not equals:
            if not words:
                raise UsageError(f"flag needs an argument: -{name}")
            value = words.pop(0)
        try:
            flags[name] = kind(value)
        except ValueError:
            raise UsageError(f"invalid value {value!r} for flag -{name}") from None
    return Options(flags, words)


def main(argv: list[str]) -> int:
    """Run scripts; returns the exit code."""
    try:
        options = parse_arguments(argv)
    except UsageError as error:
        print(f"{error}\n{_USAGE}".strip(), file=sys.stderr)
        return 0 if not str(error) else 2
    if options.flags["test"]:
        return 0
    if options.flags["i"]:
        print("flag -i: the web interface is not part of this engine", file=sys.stderr)
        return 2
    if not options.scripts:
        print(_USAGE, file=sys.stderr)
        return 0
    if options.flags["vet"]:
        return max([_vet(script) for script in options.scripts])
    if len(options.scripts) == 1:
        return run_file(options.scripts[0], options.flags)
    return _run_all(options)


def _run_all(options: Options) -> int:
    failed = done = 0
    for script in options.scripts:
        code = run_file(script, options.flags)
        done, failed = (done + 1, failed) if code == 0 else (done, failed + 1)
        if code == 130 or (code and options.flags["failfast"]):
            break
    print(f"//{done} OK,  {failed} failed")
    return 1 if failed else 0


def _read(script: str) -> str:
    try:
        return Path(script).read_text(encoding="utf-8")
    except OSError as error:
        raise CompileError(f"{script}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise CompileError(f"{script}: is not a text in UTF-8") from None


def _vet(script: str) -> int:
    import tempfile

    from orchestrator.engines.cpu.outputs import Outputs
    from orchestrator.engines.cpu.world import World

    with tempfile.TemporaryDirectory() as folder:
        world = World(Outputs(Path(folder), quiet=True))
        try:
            world.check(_read(script))
        except ScriptError as error:
            print(f"{script} : {error}")
            return 1
        finally:
            world.close()
    print(f"{script} : OK")
    return 0


def run_file(script: str, flags: dict[str, Any]) -> int:
    """Run one script as mumax3 does; returns its exit code."""
    from orchestrator.engines.cpu.outputs import Outputs
    from orchestrator.engines.cpu.world import World

    world = None
    try:
        text = _read(script)
        folder = Path(flags["o"] or os.path.splitext(script)[0] + ".out")
        outputs = Outputs(folder, clean=flags["f"])
        world = World(outputs, threads=flags["threads"] or None)
        if flags["v"]:
            outputs.say("mumax3-orchestrator, embedded CPU engine: mumax3's language on the CPU")
            outputs.say(f"output directory: {folder}/")
        _end_on_interrupt(world)
        world.execute(text, script=script)
        return 0
    except ScriptExit:
        return 0
    except ScriptError as error:
        error.script = script
        print(error, file=sys.stderr)
        return error.exit_code
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if world is not None:
            world.close()


def _end_on_interrupt(world: Any) -> None:
    """Ctrl-C ends the script after the present step; a second one at once."""

    def handle(number: int, frame: Any) -> None:
        if world.interrupted:
            raise KeyboardInterrupt
        world.interrupt()

    signal.signal(signal.SIGINT, handle)
