"""Right answers of 03-jacobians, in several formulations each."""

RIGHT: dict[str, list[str]] = {}
