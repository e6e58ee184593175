"""The command `orchestrator mx3`: mumax3's command line on the embedded engine."""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.base.errors import InputError
from orchestrator.engines.cpu.language.errors import CompileError, ScriptError, ScriptExit

if TYPE_CHECKING:
    from orchestrator.engines.cpu.script.world import World
    from orchestrator.engines.cpu.web.interactive import Interactive
    from orchestrator.engines.cpu.web.server import WebServer

_FLAGS: dict[str, tuple[type, Any]] = {
    "gpu": (int, 0), "o": (str, ""), "f": (bool, False), "i": (bool, False),
    "http": (str, None), "cache": (str, None), "s": (bool, False),
    "sync": (bool, False), "paranoid": (bool, False), "failfast": (bool, False),
    "vet": (bool, False), "v": (bool, True), "test": (bool, False), "threads": (int, 0),
    "dialect": (str, "3.11"), "trust": (bool, False),
}  # fmt: skip
_USAGE = """usage: orchestrator mx3 [flags] script.mx3 ...
  -o DIR        output folder (default: script without extension + .out)
  -f            empty the output folder first
  -vet          only check the scripts
  -v=false      no banner
  -threads N    threads of the kernels (default: all cores)
  -dialect V    rules of mumax3 3.10 or 3.11 for the faces of one layer with DMI (default: 3.11)
  -trust        let the scripts read and write everywhere, not only below the output folder, and
                read below their own folder and the working directory
  -failfast     with several scripts: stop at the first that fails
  -cache DIR    where demagnetizing tensors are kept, "" for nowhere (default: the user's cache)
  -i            web interface at 127.0.0.1:35367; the process ends when no page is open any more
  -http ADDR    web interface at an address of this machine; the next port if it is taken
mumax3's -gpu -s -sync -paranoid are accepted and have no effect."""

_DIALECTS = ("3.10", "3.11")
_SIGNALS = signal.SIGINT, signal.SIGTERM
_KEEPALIVE = 3.0
"""Time in s without a request after which the process of a finished script ends."""
_DEFAULT_SYSTEM = """SetGridSize(128, 64, 1)
SetCellSize(4e-9, 4e-9, 4e-9)
Msat = 1e6
Aex = 10e-12
alpha = 1
m = RandomMag()
"""
"""What `-i` without a script starts with."""


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
    if flags["dialect"] not in _DIALECTS:
        raise UsageError(f"flag -dialect: {flags['dialect']!r} is not {' or '.join(_DIALECTS)}")
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
    try:
        address = _web_address(options)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    if options.flags["i"] and not options.scripts:
        return run_file("", options.flags, address)
    if not options.scripts:
        print(_USAGE, file=sys.stderr)
        return 0
    if options.flags["vet"]:
        return max([_vet(script, options.flags["trust"]) for script in options.scripts])
    if len(options.scripts) == 1:
        return run_file(options.scripts[0], options.flags, address)
    return _run_all(options)


def _web_address(options: Options) -> tuple[str, int] | None:
    """Where the web interface is to listen; None without one."""
    text, interactive = options.flags["http"], options.flags["i"]
    if interactive and len(options.scripts) > 1:
        raise InputError("flag -i: the web interface controls one script")
    if interactive and text == "":
        raise InputError('flag -i: needs the web interface, which -http "" switches off')
    if not text and not interactive:
        return None
    from orchestrator.engines.cpu.web.server import DEFAULT_PORT, listen_address

    return listen_address(text or f"127.0.0.1:{DEFAULT_PORT}")


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
        raise CompileError(f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise CompileError("is not a text in UTF-8") from None


def _vet(script: str, trusted: bool) -> int:
    import tempfile

    from orchestrator.engines.cpu.make import make_world
    from orchestrator.engines.cpu.output.outputs import Outputs

    with tempfile.TemporaryDirectory() as folder:
        outputs = Outputs(Path(folder), quiet=True, trusted=trusted)
        outputs.access.let_read(Path(script).parent)
        world = make_world(outputs)
        try:
            world.check(_read(script))
        except ScriptError as error:
            print(f"{script} : {error}")
            return 1
        finally:
            world.close()
    print(f"{script} : OK")
    return 0


def run_file(script: str, flags: dict[str, Any], address: tuple[str, int] | None = None) -> int:
    """Run one script as mumax3 does; returns its exit code.

    Parameters
    ----------
    script : str
        Path of the script; "" for an empty system that the web interface works on.
    flags : dict
        Values of the command line's flags.
    address : (host, port), optional
        Where the web interface listens; none by default.
    """
    from orchestrator.engines.cpu.make import make_world
    from orchestrator.engines.cpu.output.outputs import Outputs

    world = server = None
    caught: list[int] = []
    handlers = [(number, signal.getsignal(number)) for number in _SIGNALS]
    try:
        text = _read(script) if script else _DEFAULT_SYSTEM
        folder = Path(flags["o"] or (os.path.splitext(script)[0] or _dated_name()) + ".out")
        outputs = Outputs(folder, clean=flags["f"], trusted=flags["trust"])
        outputs.access.let_read(Path(script).parent)
        world = make_world(outputs, threads=flags["threads"] or None)
        world.sim.settings.dmi_faces = flags["dialect"]
        world.sim.settings.demag_cache = _cache_folder(flags["cache"])
        if flags["v"]:
            outputs.say("mumax3-orchestrator, embedded CPU engine: mumax3's language on the CPU")
            outputs.say(f"output directory: {folder}/")
        caught = _end_on_signals(world)
        program = world.check(text)
        if address is None:
            world.run(program)
            return 0
        session, server = _web_interface(world, address, script)
        world.run(program)
        if flags["i"]:
            session.wait(_KEEPALIVE if script else math.inf)
        return 0
    except ScriptExit:
        return 0
    except ScriptError as error:
        error.script = script
        print(error, file=sys.stderr)
        return 128 + caught[0] if caught else error.exit_code
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        for number, handler in handlers:
            signal.signal(number, handler)
        if world is not None:
            world.close()
        if server is not None:
            server.close()


def _cache_folder(flag: str | None) -> Path | None:
    from orchestrator.engines.cpu.physics.terms.demag_cache import default_folder

    if flag is None:
        return default_folder()
    return Path(flag) if flag else None


def _web_interface(
    world: World, address: tuple[str, int], script: str
) -> tuple[Interactive, WebServer]:
    from orchestrator.engines.cpu.web.interactive import Interactive
    from orchestrator.engines.cpu.web.panel import ControlPanel
    from orchestrator.engines.cpu.web.server import WebServer

    session = Interactive(world)
    server = WebServer(*address, ControlPanel(session, script or "mumax3-orchestrator"))
    world.outputs.say(f"starting GUI at http://{server.address}")
    if not world.outputs.quiet:  # not into the log, which others may read
        print(f"//its page: http://{server.address}/?token={server.token}", flush=True)
    server.announce(world.outputs.folder)
    return session, server


def _dated_name() -> str:
    return time.strftime("mumax-%Y-%m-%d_%Hh%M")


def _end_on_signals(world: World) -> list[int]:
    """Ctrl-C and SIGTERM end the script after the present step, a second one at once.

    Returns the list to which the signal's number is added.
    """
    caught: list[int] = []

    def handle(number: int, frame: Any) -> None:
        caught.append(number)
        if len(caught) > 1:
            raise KeyboardInterrupt
        world.control.interrupt()

    for number in _SIGNALS:
        signal.signal(number, handle)
    return caught
