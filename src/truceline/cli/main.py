"""The tree of commands, and the translation of errors into exit codes: 0 fine, 1 a check failed, 2 usage, 3 environment."""

from __future__ import annotations

import json
import sys

import typer

import truceline
from truceline.cli import (
    agreement,
    anchor,
    assess,
    beginning,
    bench,
    consent,
    demo,
    drafting,
    evidence,
    fuse,
    importing,
    init,
    key,
    learn,
    log,
    mechanism,
    negotiating,
    plan,
    reading,
    record,
    recovering,
    replay,
    report,
    scale,
    score,
    serve,
    simulate,
    step,
    stick,
    submitting,
    task,
    template,
    trends,
    wording,
)  # fmt: skip
from truceline.cli.common import PROGRAM
from truceline.errors import EnvironmentFailure, TrucelineError

app = typer.Typer(
    name="truceline",
    help="Ceasefire verification: observations to incidents, held against the agreement, on a log neither party can rewrite.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
app.add_typer(demo.app, name="demo")
app.command("init")(init.init)
app.command("import")(importing.import_)
app.command("record")(record.record)
app.command("learn")(learn.learn)
app.command("fuse")(fuse.fuse)
app.command("assess")(assess.assess)
app.command("report")(report.report)
app.command("replay")(replay.replay)
log.app.command("sign")(submitting.sign)
log.app.command("submit")(submitting.submit)
log.app.command("bracket")(submitting.bracket)
app.add_typer(log.app, name="log")
app.add_typer(key.app, name="key")
app.add_typer(evidence.app, name="evidence")
app.add_typer(stick.app, name="stick")
app.add_typer(anchor.app, name="anchor")
app.command("backup")(recovering.backup)
app.command("restore")(recovering.restore)
app.command("succeed")(recovering.succeed)
app.command("upgrade")(recovering.upgrade)
agreement.app.command("explain")(drafting.explain)
agreement.app.command("draw")(drafting.draw)
agreement.app.command("diff")(drafting.diff)
agreement.app.command("new")(beginning.new)
agreement.app.command("word")(wording.word)
agreement.app.add_typer(reading.app, name="read")
app.add_typer(agreement.app, name="agreement")
app.command("plan")(plan.plan)
app.command("step")(step.step)
mechanism.app.command("status")(negotiating.status)
mechanism.app.command("propose")(negotiating.propose)
mechanism.app.command("stance")(negotiating.stance)
app.add_typer(consent.app, name="consent")
app.add_typer(consent.roster_app, name="roster")
app.command("simulate")(simulate.simulate)
app.add_typer(score.app, name="score")
app.add_typer(mechanism.app, name="mechanism")
app.add_typer(scale.app, name="scale")
app.add_typer(bench.app, name="bench")
app.command("serve")(serve.serve)
app.add_typer(serve.account, name="account")
app.command("trends")(trends.trends)
app.command("task")(task.task)
app.command("template")(template.template)


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
