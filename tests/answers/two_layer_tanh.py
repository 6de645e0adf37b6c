"""Right answers of 04-two-layer-tanh, in several formulations each."""

RIGHT: dict[str, list[str]] = {}
