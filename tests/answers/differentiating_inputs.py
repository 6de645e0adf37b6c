"""Right answers of 07-differentiating-inputs, in several formulations each."""

RIGHT: dict[str, list[str]] = {}
