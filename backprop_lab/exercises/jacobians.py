"""Exercises of 03-jacobians."""

ASSIGNMENT = "03-jacobians"
