"""What the measuring scripts share."""

import time


def best_of(work, times=5):
    """Return the least seconds of CPU that ``work`` took; other work on the machine disturbs it least."""
    return min(seconds(work) for _ in range(times))


def seconds(work):
    """Return the seconds of CPU that ``work`` takes, once."""
    start = time.process_time()
    work()
    return time.process_time() - start


def report(what, time_taken, reference, of):
    """Print a time, and how many times that of a reference it is."""
    ratio = time_taken / reference
    digits = 2 if ratio >= 0.1 else 4
    print(f"{what}: {time_taken * 1000:.2f} ms, {ratio:.{digits}f} x {of} ({reference * 1000:.2f} ms)")  # noqa: T201
