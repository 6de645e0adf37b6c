"""What a teaching assistant runs: the judge and its sandbox, on nbgrader's extension points."""

import sys

# jsonschema, which nbformat imports, compiles a grammar of international addresses as it is imported.
# That is a second of every start, and nothing in a notebook's schema is such an address.
if "jsonschema" not in sys.modules:
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    import jsonschema  # type: ignore[import-untyped]  # noqa: F401

    del sys.modules["rfc3987_syntax"]
