"""The tree of commands, and the translation of errors into exit codes: 0 fine, 1 a check failed, 2 usage, 3 environment."""

from __future__ import annotations

import json
import sys
from importlib import import_module

import typer

import truceline
from truceline.cli.common import PROGRAM
from truceline.errors import EnvironmentFailure, TrucelineError

COMMANDS = {
    "demo": "demo:app",
    "init": "init:init",
    "import": "importing:import_",
    "record": "record:record",
    "watch": "watch:watch",
    "learn": "learn:learn",
    "fuse": "fuse:fuse",
    "group": "group:app",
    "withdraw": "withdraw:withdraw",
    "assess": "assess:assess",
    "report": "report:report",
    "replay": "replay:replay",
    "log sign": "submitting:sign",
    "log submit": "submitting:submit",
    "log settings": "settings:settings",
    "log bracket": "submitting:bracket",
    "log": "log:app",
    "key": "key:app",
    "evidence": "evidence:app",
    "stick": "stick:app",
    "anchor": "anchor:app",
    "backup": "recovering:backup",
    "restore": "recovering:restore",
    "succeed": "recovering:succeed",
    "upgrade": "recovering:upgrade",
    "agreement explain": "drafting:explain",
    "agreement draw": "drafting:draw",
    "agreement diff": "drafting:diff",
    "agreement new": "beginning:new",
    "agreement word": "wording:word",
    "agreement read": "reading:app",
    "agreement": "agreement:app",
    "plan": "plan:plan",
    "step": "step:step",
    "mechanism status": "negotiating:status",
    "mechanism propose": "negotiating:propose",
    "mechanism stance": "negotiating:stance",
    "consent": "consent:app",
    "roster": "consent:roster_app",
    "simulate": "simulate:simulate",
    "score": "score:app",
    "mechanism": "mechanism:app",
    "scale": "scale:app",
    "bench": "bench:app",
    "serve": "serve:serve",
    "account": "serve:account",
    "rebuild": "serve:rebuild",
    "device": "device:app",
    "device picture": "picture:picture",
    "device same": "picture:same",
    "feed": "feed:app",
    "trends": "trends:trends",
    "task": "task:task",
    "template": "template:template",
}
"""Where each command stands: words after `truceline` to `module:name` in this folder; a group or a function. A function
adds to the group that its first word names."""


app = typer.Typer(
    name="truceline",
    help="Ceasefire verification: observations to incidents, held against the agreement, on a log neither party can rewrite.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


def _join(root: typer.Typer) -> None:
    """Hang every command of the table on the root, in the table's order."""
    found = {
        words: getattr(import_module(f"truceline.cli.{module}"), name)
        for words, (module, _, name) in ((words, place.partition(":")) for words, place in COMMANDS.items())
    }
    for words, what in found.items():
        group, _, name = words.rpartition(" ")
        parent = found[group] if group else root
        if isinstance(what, typer.Typer):
            parent.add_typer(what, name=name)
        else:
            parent.command(name)(what)


def _version(shown: bool) -> None:
    if shown:
        typer.echo(f"truceline {truceline.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """Ceasefire verification: observations to incidents, held against the agreement, on a log neither party can rewrite."""


_join(app)


def main() -> int:
    """Run the command line; the exit code."""
    try:
        left = app(
            standalone_mode=False, prog_name=PROGRAM
        )  # a command that leaves with a code returns it here
    except TrucelineError as problem:
        return _say(problem)
    except typer.Exit as leaving:
        return leaving.exit_code
    except typer.Abort:
        return 130
    except OSError as problem:
        return _say(
            EnvironmentFailure(
                "ENV-002",
                "the machine must take the files",
                where=str(problem.filename or ""),
                value=problem.strerror,
                remedy="Check the folder and its rights, then run the same command again.",
            )
        )
    except Exception as problem:
        show = getattr(problem, "show", None)  # usage errors of the parser
        if show is None:
            raise
        show()
        return int(getattr(problem, "exit_code", 2))
    return left if isinstance(left, int) else 0


def _say(problem: TrucelineError) -> int:
    if "--json" in sys.argv:
        typer.echo(json.dumps({"error": problem.as_dict()}, ensure_ascii=False, indent=2))
    typer.echo(f"truceline: {problem}", err=True)
    return problem.exit_code
