"""Exercises of 05-momentum."""

ASSIGNMENT = "05-momentum"
