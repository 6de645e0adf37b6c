"""Exercises of 02-multiple-paths."""

ASSIGNMENT = "02-multiple-paths"
