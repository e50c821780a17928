"""What tests of the tables time: somebody who trains and writes at a speed, on a clock that moves when they do."""


class Clock:
    """Events of a GPU on which each launch takes a millisecond and each product two."""

    def __init__(self, step=0):
        self.now, self.step = 0, step

    def mark(self):
        self.now += self.step
        return self.now

    def between(self, first, last):
        return (last - first) / 1e3


class Contender:
    """Trains and writes at a speed: ``words`` a second of a clock that moves when it does."""

    def __init__(self, speed, clock, losses=(4.0, 3.0, 2.0, 1.5, 1.2), why_no_graph=None):
        self.speed, self.clock, self.losses, self.asked = speed, clock, losses, -1
        self.why_no_graph = why_no_graph

    def train(self, number):
        self.asked = number
        self.clock.now += 12 / self.speed

    def loss(self):
        return self.losses[min(self.asked, len(self.losses) - 1)]

    def memory(self):
        return 3 << 20
