"""What a user should know although nothing is wrong enough to stop."""


class ZooNote(UserWarning):
    """A warning in one sentence; the command line prints it as `zoo: note: …`."""
