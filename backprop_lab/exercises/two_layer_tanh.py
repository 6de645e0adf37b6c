"""Exercises of 04-two-layer-tanh."""

ASSIGNMENT = "04-two-layer-tanh"
