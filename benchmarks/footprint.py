"""How much disk an installation takes: the package, the default duo and every distribution they need, extras left out.

Sizes are those of the files that each distribution's RECORD lists, byte code that pip compiled included.
"""

import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import tinygsm_edge
from tinygsm_edge.duo import DEFAULT

NAME = "tinygsm-edge"
PACKAGE = Path(tinygsm_edge.__file__).parent


def footprint() -> dict[str, Any]:
    """``packages`` (bytes by distribution, the largest first, this one without its duo), ``default_duo`` (bytes, None
    when there is none), ``missing`` (needed but not installed) and ``total`` (bytes)."""
    sizes: dict[str, int] = {NAME: folder_size(PACKAGE) - folder_size(DEFAULT)}
    missing: list[str] = []
    waiting = _needs(_own_requirements())
    while waiting:
        name = waiting.pop()
        if name in sizes or name in missing:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
            continue
        sizes[name] = distribution_size(distribution)
        waiting += _needs(distribution.requires or [])
    duo = folder_size(DEFAULT) if DEFAULT.is_dir() else None
    ranked = dict(sorted(sizes.items(), key=lambda item: (-item[1], item[0])))
    return {
        "packages": ranked,
        "default_duo": duo,
        "missing": sorted(missing),
        "total": sum(sizes.values()) + (duo or 0),
    }


def distribution_size(distribution: metadata.Distribution) -> int:
    """Bytes of a distribution's files; RECORD leaves the size of some open, those are looked up."""
    total = 0
    for file in distribution.files or []:
        place = Path(str(file.locate()))
        total += file.size if file.size is not None else place.stat().st_size if place.is_file() else 0
    return total


def folder_size(folder: Path) -> int:
    """Bytes of the files in a folder and those below; 0 where there is none."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _own_requirements() -> list[str]:
    """From the installed package, else from the checkout that this is run from."""
    try:
        return metadata.requires(NAME) or []
    except metadata.PackageNotFoundError:
        return tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]["dependencies"]


def _needs(requirements: list[str]) -> list[str]:
    """Normalised names of the requirements that hold here when no extra is asked for."""
    from packaging.requirements import Requirement  # installed wherever onnxruntime is: it needs it itself
    from packaging.utils import canonicalize_name

    parsed = map(Requirement, requirements)
    return [canonicalize_name(r.name) for r in parsed if r.marker is None or r.marker.evaluate({"extra": ""})]
