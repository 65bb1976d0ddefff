"""YAML with line numbers, so that whoever finds a fault in a value can say where it stands.

PyYAML belongs to the training half of the project and is imported when the first file is read.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinygsm_edge.errors import UserError


@dataclass(frozen=True, slots=True)
class Node:
    """A YAML value with the line on which it starts."""

    value: Any
    line: int


def read_nodes(path: Path) -> Node:
    """A YAML file as nodes: mappings are dicts of nodes by key, sequences lists of nodes, the rest plain values.

    Raises:
        UserError: PyYAML is not installed, or the file cannot be read or parsed: names file and line.
    """
    yaml = _import_yaml()
    loader_class = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        loader = loader_class(path.read_text(encoding="utf-8"))
        root = loader.get_single_node()
        if root is None:
            raise UserError(f"{path}:1: the file is empty")
        return _node(root, loader, path)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or "characters that YAML does not allow"
        raise UserError(f"{path}{line}: not valid YAML ({reason})") from error
    except ValueError as error:  # a scalar such as the date 2024-99-99
        raise UserError(f"{path}: {error} (put texts in quotes)") from error
    except RecursionError as error:
        raise UserError(f"{path}: nested beyond sense") from error


def _node(node: Any, loader: Any, path: Path) -> Node:
    line = node.start_mark.line + 1
    if node.id == "mapping":
        fields: dict[str, Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in fields:
                raise UserError(f"{path}:{key.start_mark.line + 1}: the key `{name}` stands here twice")
            fields[name] = _node(value, loader, path)
        return Node(fields, line)
    if node.id == "sequence":
        return Node([_node(item, loader, path) for item in node.value], line)
    return Node(loader.construct_object(node), line)


def _import_yaml() -> Any:
    """The yaml module, which only the training half of the project needs."""
    try:
        import yaml
    except ImportError as error:
        raise UserError("templates need PyYAML: pip install 'tinygsm-edge[data]'") from error
    return yaml
