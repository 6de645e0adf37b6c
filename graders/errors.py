"""What the teaching assistant's commands say when they refuse."""


class CourseError(Exception):
    """Something the person at the keyboard can put right; the message says how."""
