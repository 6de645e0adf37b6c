"""Exercises of 07-differentiating-inputs."""

ASSIGNMENT = "07-differentiating-inputs"
