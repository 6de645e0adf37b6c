"""Exercises of 06-training-a-network."""

ASSIGNMENT = "06-training-a-network"
