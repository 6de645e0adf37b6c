"""Right answers of 02-multiple-paths, in several formulations each."""

RIGHT: dict[str, list[str]] = {}
