"""The installer as one file: ``install.sh`` with the Python that it runs inside it."""

from __future__ import annotations

import ast
from pathlib import Path

from appliance.core.errors import StorageError

_FIRST = "appliance.install.bootstrap"
_MARK = "# [a bundle's installer carries its Python here]"
_END = "KIZASHI_PYTHON_ENDS"


def script(source: Path) -> bytes:
    """Return the installer that travels with a bundle.

    Parameters
    ----------
    source
        The checkout.

    Raises
    ------
    StorageError
        The checkout's installer is not as it should be.
    """
    text = (source / "install.sh").read_text("utf-8")
    before, mark, after = text.partition(_MARK)
    modules = _needed(source)
    bad = [name for name, code in modules.items() if _END in code and name != __name__]
    if not mark or bad:
        raise StorageError(f"{source / 'install.sh'} cannot carry its Python: {bad or _MARK}.")
    lines = [f"carried={len(modules)}", "unpack() {"]
    folders = sorted({str(Path(name).parent) for name in modules})
    lines.append("    mkdir -p " + " ".join(f'"$1/{folder}"' for folder in folders))
    for name, code in modules.items():
        lines += [f"    cat >\"$1/{name}\" <<'{_END}'", code.removesuffix("\n"), _END]
    return (before + "\n".join([*lines, "}"]) + after).encode("utf-8")


def _needed(source: Path) -> dict[str, str]:
    """Return the files that the installer imports of ours, by path; no others ever run bare."""
    found: dict[str, str] = {}
    ahead = [_FIRST]
    while ahead:
        file = Path(*ahead.pop().split(".")).with_suffix(".py")
        if str(file) in found or not (source / file).is_file():
            continue  # a folder, or a name within a module
        found |= {str(folder / "__init__.py"): "" for folder in file.parents if folder.name}
        found[str(file)] = code = (source / file).read_text("utf-8")
        ahead += _imports(ast.parse(code))
    return dict(sorted(found.items()))


def _imports(tree: ast.Module) -> list[str]:
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module[:9] == "appliance":
            names += [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
    return names
