"""How many processors this process may use."""

import os


def usable_cores() -> int:
    """Logical processors open to this process, at least 1; all of the machine's where the system does not tell."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
