"""Proposals to start from; all on one fictional line, so that any two compare."""

from __future__ import annotations

from importlib.resources import files

from truceline.errors import MechanismError

_LIBRARY = files("truceline.mechanism").joinpath("library")


def templates() -> tuple[str, ...]:
    """Names of the templates."""
    return tuple(
        sorted(one.name.removesuffix(".yaml") for one in _LIBRARY.iterdir() if one.name.endswith(".yaml"))
    )


def template(name: str) -> str:
    """The YAML of a template. Raises MechanismError MEC-006."""
    if name not in templates():
        raise MechanismError(
            "MEC-006",
            "a template must be one that ships",
            value=name,
            remedy=f"Known: {', '.join(templates())}.",
        )
    return _LIBRARY.joinpath(f"{name}.yaml").read_text(encoding="utf-8")
