"""No imports of the embedded engine go in a circle; its rooms are contracts of `lint-imports`."""

from __future__ import annotations

import grimp

CPU = "orchestrator.engines.cpu"


def test_no_imports_go_in_a_circle() -> None:
    """Those within functions and for type checkers count."""
    graph = grimp.build_graph("orchestrator", cache_dir=None)
    modules = {m for m in graph.modules if m.startswith(f"{CPU}.")}
    left = {m: graph.find_modules_directly_imported_by(m) & modules for m in modules}
    while free := {m for m, used in left.items() if not used & left.keys()}:
        for module in free:
            del left[module]
    assert len(modules) > 80
    assert not left
