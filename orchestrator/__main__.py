"""`python -m orchestrator`: the command line."""

from orchestrator.cli.main import main

main()
