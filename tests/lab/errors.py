"""The one error of the lab."""


class LabError(Exception):
    """A step of the lab failed: what, and what was seen; one case failing does not end a run."""
