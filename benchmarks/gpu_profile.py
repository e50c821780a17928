"""Where the time of a window goes on a GPU: an engine that notes each launch and each product, and how long it took."""

import collections

AHEAD = 8192  # side of the product that keeps the GPU busy while the host launches the rest


class Events:
    """Points in the GPU's work, by CUDA's events."""

    def __init__(self, cuda):
        self._cuda = cuda

    def mark(self):
        event = self._cuda.Event()
        event.record()
        return event

    def between(self, first, last):
        """Seconds, once the work is done."""
        last.synchronize()
        return self._cuda.get_elapsed_time(first, last) / 1e3


class Profile:
    """Stands where an engine does. Nothing is recorded as a graph, so that each launch can be told from the next.

    ``events`` are the GPU's unless given. A launch of a few microseconds is told as somewhat longer than it takes
    inside a graph, since the marks around it take time too.
    """

    def __init__(self, engine, events=None):
        self._engine = engine
        self._events = events or Events(engine.xp.cuda)
        self._noted = []  # name, first mark, last mark

    def __getattr__(self, name):
        return getattr(self._engine, name)

    def kernel(self, program, name, **defines):
        launch = self._engine.kernel(program, name, **defines)

        def timed(*arguments, **how):
            self._note(name, lambda: launch(*arguments, **how))

        return timed

    def product(self, a, b, out, transpose_a=False, transpose_b=False, beta=0.0, precision="float32"):
        rows, columns, inner = *out.shape, a.shape[0 if transpose_a else 1]
        name = f"product {rows} x {inner} x {columns}, {precision}"
        self._note(name, lambda: self._engine.product(a, b, out, transpose_a, transpose_b, beta, precision))

    def record(self, function):
        return function

    def _note(self, name, run):
        first = self._events.mark()
        run()
        self._noted.append((name, first, self._events.mark()))

    def _run_ahead(self):
        """Keep the GPU busy for some milliseconds, or each launch's time would be the host's, who is slower."""
        a, out = (self._engine.zeros((AHEAD, AHEAD), "f") for _ in range(2))
        self._engine.product(a, a, out)

    def times(self, run, ahead=True):
        """Names with their seconds and number of launches in ``run``, those that took longest first."""
        if ahead:
            self._run_ahead()
        self._noted.clear()
        run()
        found = collections.defaultdict(list)
        for name, first, last in self._noted:
            found[name].append(self._events.between(first, last))
        return sorted(((name, sum(each), len(each)) for name, each in found.items()), key=lambda row: -row[1])

    def lines(self, run, ahead=True):
        """The same as text, with the share of each in the whole."""
        rows = self.times(run, ahead)
        whole = sum(seconds for _, seconds, _ in rows)
        for name, seconds, count in rows:
            yield f"{seconds * 1e6:10,.1f} µs {seconds / whole:5.0%}  {name}" + (
                f" ({count} times)" if count > 1 else ""
            )
        yield f"{whole * 1e6:10,.1f} µs  all {sum(count for *_, count in rows)} launches"
