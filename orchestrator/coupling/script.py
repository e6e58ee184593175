"""A mumax3 script as the setup of a coupled run: what is taken, and what is refused, by line.

What comes before the first `Run` is the setup. Of it, `Relax`, `Minimize` and whatever writes are
done once, before the first pulse; `AutoSave`, `AutoSnapshot` and `TableAutoSave` go on over all
pulses; the rest is executed wherever an engine starts. Nothing after the first `Run` may change
the simulation: the pulses take the place of the run.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.base.errors import InputError
from orchestrator.coupling import words
from orchestrator.coupling.source import Text, assigned, call_of, called, short, within
from orchestrator.describe.hashing import canonical_hash
from orchestrator.engines.cpu.language.errors import CompileError
from orchestrator.engines.cpu.language.parse import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

INPUTS = "inputs"
"""Folder of the files that a script reads, below the one in which it is executed."""
PERIODS = "couple_periods.txt"
"""Where the preparation notes when schedules begin and their periods, s, one a line."""
_DEEPEST = 20


@dataclass(frozen=True)
class Schedule:
    """Something that the script lets be written by itself.

    Attributes
    ----------
    number : int
        Counts the statements of the script that begin one.
    function : str
        autosave, autosnapshot or tableautosave.
    quantity : str
        What is written, as the script says it; "" for the table.
    """

    number: int
    function: str
    quantity: str

    def statement(self, period: float) -> str:
        """The statement that begins it with a period in s, or ends it with 0."""
        before = f"{self.quantity}, " if self.quantity else ""
        return f"{self.function}({before}{period!r})"


@dataclass(frozen=True)
class Script:
    """A script that can be coupled.

    Attributes
    ----------
    path : Path
        Its file, for messages.
    preparation : str
        Its lines before the first run, with notes of the schedules instead of them.
    setup : str
        What of them an engine executes wherever it starts. Line numbers are those of the file.
    schedules : tuple of Schedule
        What is written by itself over all pulses.
    inputs : dict
        Content of the files that it reads, by their names in `INPUTS`.
    thermal : str or None
        Seed of the thermal field as the script says it, "0" if it does not; None without
        temperature.
    adds_field : bool
        Whether maps are added to B_ext.
    notes : tuple of str
        What is done with which line, where it is not simply the setup.
    """

    path: Path
    preparation: str
    setup: str
    schedules: tuple[Schedule, ...] = ()
    inputs: dict[str, bytes] = field(default_factory=dict)
    thermal: str | None = None
    adds_field: bool = False
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of its file."""
        return self.path.name

    @property
    def digest(self) -> str:
        """SHA-256 of what a run depends on: setup, preparation, schedules, files that it reads."""
        files = {name: hashlib.sha256(data).hexdigest() for name, data in self.inputs.items()}
        known: dict[str, Any] = {"script": self.preparation, "setup": self.setup, "files": files}
        if self.schedules:
            known["schedules"] = [[one.function, one.quantity] for one in self.schedules]
        return canonical_hash(known)

    @property
    def has_table(self) -> bool:
        """Whether rows of the table are written over the pulses."""
        return any(schedule.function == "tableautosave" for schedule in self.schedules)


def read_script(path: Path) -> Script:
    """Read a script that is to be coupled.

    Files that it reads are looked for in its own folder.

    Raises
    ------
    InputError
        With the script's line and what cannot be coupled there.
    """
    return _Reader(path).read()


class _Reader:
    """Goes through a script, statement by statement."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.inputs: dict[str, bytes] = {}
        self.schedules: dict[str, Schedule] = {}
        self.scheduled = 0
        self.thermal = False
        self.seed = "0"
        self.adds_field = False
        self.notes: list[str] = []

    def read(self) -> Script:
        """The whole script."""
        script = _utf8(self.path)
        preparing, setting_up = self._parsed(script, self.path), self._parsed(script, self.path)
        pairs = list(zip(preparing.statements, setting_up.statements, strict=True))
        end = next((k for k, (node, _) in enumerate(pairs) if _ends(node)), len(pairs))
        for node, twin in pairs[:end]:
            self._top(preparing, setting_up, node, twin)
        if end < len(pairs):
            for node, _ in pairs[end:]:
                self._after(preparing, node)
            preparing.replace_from(pairs[end][0])
            setting_up.replace_from(pairs[end][1])
        return Script(
            self.path,
            _closed(preparing.edited()),
            _closed(setting_up.edited()),
            tuple(self.schedules.values()),
            self.inputs,
            self.seed if self.thermal else None,
            self.adds_field,
            tuple(self.notes),
        )

    def _parsed(self, script: str, path: Path) -> Text:
        try:
            return Text(script)
        except CompileError as error:
            raise InputError(f"{path}:{error.line}: {error.reason}") from None

    def _refuse(self, text: Text, node: Node, why: str, path: Path | None = None) -> InputError:
        place = f"{path or self.path}:{text.line(node)}"
        return InputError(f"{place}: `{short(node)}` cannot be coupled: {why}")

    def _note(self, text: Text, node: Node, what: str) -> None:
        self.notes.append(f"{self.path.name}:{text.line(node)}: {short(node)}: {what}")

    def _top(self, preparing: Text, setting_up: Text, node: Node, twin: Node) -> None:
        """A statement of the top level before the first run."""
        call = call_of(node)
        function = call[1] if call is not None and not call[0] else ""
        if function in words.SCHEDULES:
            self._schedule(preparing, setting_up, node, twin)
            return
        unused = call is not None and call[1] in words.VALUES  # looked at, and nothing done with it
        if unused or function in words.PREPARES | words.WRITES:
            self._check_values(preparing, node, once=True)
            setting_up.replace(twin)
            when = "once, before the first pulse"
            if function in words.PREPARES:
                self._note(preparing, node, when)
            return
        self._check(preparing, node, self.path)
        self._check_values(preparing, node, once=False)
        for text, part in ((preparing, node), (setting_up, twin)):
            self._take_files(text, part, self.path, 0)
        if call is not None and function == "thermseed" and call[2]:
            self.seed = text_of(call[2][0])

    def _schedule(self, preparing: Text, setting_up: Text, node: Node, twin: Node) -> None:
        call = call_of(node)
        assert call is not None
        _, function, arguments = call
        wanted = 1 if function == "tableautosave" else 2
        if len(arguments) != wanted:
            raise self._refuse(preparing, node, f"{function} takes {wanted} arguments")
        what = text_of(arguments[0]) if wanted == 2 else ""
        schedule = Schedule(self.scheduled, function, what)
        self.scheduled += 1
        self.schedules.pop(what.lower(), None)
        self.schedules[what.lower()] = schedule
        note = f'Fprintln("{PERIODS}", {schedule.number}, t, 1*({text_of(arguments[-1])}))'
        preparing.replace(node, note)
        setting_up.replace(twin)
        self._note(preparing, node, "goes on over all pulses")

    def _after(self, text: Text, node: Node) -> None:
        """A statement from the first run on."""
        call = call_of(node)
        function = call[1] if call is not None and not call[0] else ""
        if function in words.ENDS:
            self._note(text, node, "left out, the pulses take its place")
        elif function in words.WRITES | words.SCHEDULES:
            self._note(text, node, "left out, it comes after the run")
        elif node.type == "empty_statement":
            return
        else:
            raise self._refuse(
                text,
                node,
                "it comes after the first run, which the pulses replace; move it before that run "
                "or take it out",
            )

    def _check(self, text: Text, statement: Node, path: Path) -> None:
        """Refuse what a setup must not hold, wherever it stands in a statement."""
        seeds = call_of(statement) is not None and path == self.path
        for node in within(statement):
            if (call := called(node)) is not None:
                if call[:2] == ("", "thermseed") and not (seeds and node.parent == statement):
                    raise self._refuse(
                        text,
                        node,
                        "each pulse counts its seed from that of the script; set it at the top "
                        "level of the script",
                        path,
                    )
                self._check_call(text, node, call, path)
            if node.type == "assignment_statement" and (pair := assigned(node)) is not None:
                self._check_assignment(text, node, *pair, path)

    def _check_call(
        self, text: Text, node: Node, call: tuple[str, str, tuple[Node, ...]], path: Path
    ) -> None:
        thing, function, arguments = call
        if not thing:
            if function in _PERIODIC and not all(map(_is_zero, arguments[-3:-1])):
                raise self._refuse(
                    text, node, "the transport network has open lateral boundaries", path
                )
            if function in words.KEEPS_STATE:
                raise self._refuse(text, node, words.KEEPS_STATE[function], path)
            if function in words.ENDS | words.PREPARES:
                raise self._refuse(
                    text,
                    node,
                    "it runs within a loop, a branch or a sourced file; a setup has runs at its "
                    "top level only, and pulses take the place of loops over fields",
                    path,
                )
            if function in (words.WRITES | words.SCHEDULES) - words.HARMLESS:
                raise self._refuse(
                    text,
                    node,
                    "it writes within a loop, a branch or a sourced file; move it to the top "
                    "level of the script",
                    path,
                )
        elif thing == "j":
            if function == "add":
                raise self._refuse(
                    text, node, "the pulses hold the current density; J.Add is theirs", path
                )
            if function in ("set", "setregion") and arguments:
                self._check_current(text, node, arguments[-1], path)
        elif thing == "b_ext" and function == "add":
            self.adds_field = True
        elif thing == "temp" and function in ("set", "setregion"):
            self.thermal = True

    def _check_assignment(self, text: Text, node: Node, name: str, value: Node, path: Path) -> None:
        if name == "j":
            self._check_current(text, node, value, path)
        elif name == "temp":
            self.thermal = True
        elif name == "t" and not _is_zero(value):
            raise self._refuse(
                text,
                node,
                "the time of a coupled run begins at 0; write the shift into what follows t",
                path,
            )
        elif name == "filenameformat":
            raise self._refuse(text, node, "files are numbered over all pulses; take it out", path)
        elif name == "disablezhanglitorque" and text_of(value) != "false":
            raise self._refuse(text, node, "the current of the pulses would act on nothing", path)
        elif name == "outputformat" and text_of(value).lower() not in _FORMATS:
            formats = ", ".join(sorted(_FORMATS)).upper()
            raise self._refuse(text, node, f"take one of {formats}", path)

    def _check_current(self, text: Text, node: Node, value: Node, path: Path) -> None:
        """A current of the script's own may flow along z alone, as through a fixed layer."""
        call = called(value)
        if call is not None and call[:2] == ("", "vector") and len(call[2]) == 3:
            along = [_is_zero(component) for component in call[2][:2]]
            if all(along):
                return
        raise self._refuse(
            text,
            node,
            "the current in the plane is that of the contacts; J = vector(0, 0, jz), through a "
            "fixed layer, may stay",
            path,
        )

    def _check_values(self, text: Text, statement: Node, *, once: bool) -> None:
        """Refuse values that would be others when the setup is executed again."""
        for node in within(statement):
            call = called(node)
            if once and call is not None and call[1] in words.RANDOM:
                raise self._refuse(
                    text,
                    statement,
                    f"{call[1]} is done once here, and random numbers after it would be others "
                    "when the setup is executed again",
                )
            if once or call is None or call[1] not in words.VALUES:
                continue
            root = next((n for n in within(node) if n.type == "identifier"), None)
            if root is not None and words.is_state(text_of(root).lower()):
                raise self._refuse(
                    text,
                    statement,
                    f"{text_of(node)} depends on the magnetization of the moment, and the setup "
                    "is executed wherever an engine starts; write the number",
                )

    def _take_files(self, text: Text, statement: Node, path: Path, depth: int) -> None:
        """Take in the files that a statement reads, and name them as they will be called."""
        for node in within(statement):
            call = called(node)
            if call is None or not (call[1].startswith("load") or call[1] in words.READS_FILE):
                continue
            _, function, arguments = call
            if not arguments or "string_literal" not in arguments[0].type:
                raise self._refuse(
                    text,
                    node,
                    "the name of a file that it reads must be a plain string: the file is part of "
                    "what the run is known by",
                    path,
                )
            given = text_of(arguments[0])[1:-1]
            content = self._content(text, node, given, path)
            if function == "source":
                content = self._sourced(path.parent / given, content, depth).encode()
            text.replace(arguments[0], f'"{INPUTS}/{self._input_name(given, content)}"')

    def _content(self, text: Text, node: Node, given: str, path: Path) -> bytes:
        folder = self.path.parent.resolve()
        if not (path.parent / given).resolve().is_relative_to(folder):
            raise self._refuse(
                text, node, f"a script reads files below its own folder {folder} only", path
            )
        try:
            return (path.parent / given).read_bytes()
        except OSError as error:
            place = f"{path}:{text.line(node)}"
            raise InputError(
                f"{place}: {path.parent / given}: cannot be read ({error.strerror})"
            ) from None

    def _input_name(self, given: str, content: bytes) -> str:
        """The name of a file's copy, which says what it holds."""
        file = Path(given)
        digest = hashlib.sha256(content).hexdigest()[:8]
        name = f"{_plain(file.stem)}_{digest}{file.suffix}"
        self.inputs[name] = content
        return name

    def _sourced(self, path: Path, content: bytes, depth: int) -> str:
        """A sourced file with its own files taken in."""
        if depth >= _DEEPEST:
            raise InputError(f"{path}: sources itself")
        try:
            text = self._parsed(content.decode(), path)
        except UnicodeDecodeError:
            raise InputError(f"{path}: is not a text in UTF-8") from None
        for node in text.statements:
            self._check(text, node, path)
            self._take_files(text, node, path, depth + 1)
        return text.edited()


_PERIODIC = frozenset({"setpbc", "setmesh"})
"""Their last three arguments are images along x, y, z."""
_FORMATS = frozenset({"ovf1_text", "ovf1_binary", "ovf2_text", "ovf2_binary"})
"""Whose files are read back without loss."""


def _ends(node: Node) -> bool:
    call = call_of(node)
    return call is not None and not call[0] and call[1] in words.ENDS


def _is_zero(node: Node) -> bool:
    try:
        return float(text_of(node)) == 0
    except ValueError:
        return False


def _plain(text: str) -> str:
    """A text in letters, digits and a few signs."""
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in text)


def _closed(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def _utf8(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not a text in UTF-8") from None
