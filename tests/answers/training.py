"""Right answers of 06-training-a-network, in several formulations each."""

RIGHT: dict[str, list[str]] = {}
