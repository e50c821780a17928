"""The time that a call takes, for scripts that have no peer to take turns with."""

import time

ROUNDS = 3


def best_seconds(function, *args):
    """The best of some rounds: what disturbs only makes it longer."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        function(*args)
        times.append(time.perf_counter() - start)
    return min(times)
