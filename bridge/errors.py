"""What may go wrong and is foreseen: never a traceback, always a sentence."""


class Trouble(Exception):
    """Its text is one sentence that says what is wrong and the one thing that fixes it."""
