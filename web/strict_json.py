"""JSON without NaN: one NaN in a message throws every page out, again and again."""

import json
from typing import Any, NoReturn


def dumps(obj: Any, **kwargs: Any) -> str:
    """Return `obj` as JSON text.

    Raises:
        ValueError: it holds a NaN or an infinity.
    """
    return json.dumps(obj, **{**kwargs, "allow_nan": False})


def loads(s: str | bytes, **kwargs: Any) -> Any:
    """Return what JSON text says.

    Raises:
        ValueError: it is no JSON, says NaN or Infinity, or is nested too deep.
    """
    try:
        return json.loads(s, **{**kwargs, "parse_constant": _refuse})
    except RecursionError:
        raise ValueError("nested too deep") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"expected a number, got {constant}")
