"""Right answers of 05-momentum, in several formulations each."""

RIGHT: dict[str, list[str]] = {}
