"""Right answers of 01-chain-rule, in several formulations each."""

from graders.sample_class import LOOPS, PLAIN

RIGHT: dict[str, list[str]] = {name: [PLAIN[name], LOOPS[name]] for name in PLAIN}
