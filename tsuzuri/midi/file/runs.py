"""Runs of plain channel messages, detected and decoded as whole arrays.

A message with two data bytes has three bytes below 0x80: the last one of its delta time, and its data. So the
number of small bytes since the start of a message, modulo 3, shows what each byte of a run is, under running status or
not: a large one is a status after the first of three, part of a delta time after the third, and a fault after the
second. A message with one data byte fits in if that byte counts twice, and if the next message has a status.
"""

import numpy

# A large byte's kind is 1 if it is no part of a delta time + 2 if it is no status + 4 as it is no data + 8 times the
# small bytes before it, modulo 3. For each of these counts at which a run may begin: whether a kind is a fault.
_FAULTS = [bytes((kind & 7) >> ((kind >> 3) - begin) % 3 & 1 for kind in range(256)) for begin in range(3)]


class MessageRuns:
    """The runs of a file of n bytes, by where each of them ends.

    ``counts`` (n + 1,): the number of small bytes before each byte. ``faults``: for each count modulo 3 at which a run
    may begin, a string of n bytes, 1 where no such run goes on.
    """

    def __init__(self, data):
        data = numpy.frombuffer(data, numpy.uint8)
        n = len(data)
        padded = numpy.full(n + 12, 0xFF, numpy.uint8)
        padded[3 : n + 3] = data
        large = padded > 0x7F
        here = large[3 : n + 3]
        single = (data & 0xE0 == 0xC0) & ~large[4 : n + 4]
        weight = (~here).view(numpy.uint8)
        weight[1:] += single[:-1]
        self.counts = numpy.zeros(n + 1, numpy.uint32)
        numpy.cumsum(weight, dtype=numpy.uint32, out=self.counts[1:])

        is_status = (data < 0xC0) | (data & 0xF0 == 0xE0)
        starts = numpy.flatnonzero(single)
        after = starts + 5  # in padded: the delta time of the next message
        for _ in range(3):
            after += large[after]
        is_status[starts] = ~large[after] & large[after + 1]

        no_delta = (large[:n] & large[1 : n + 1] & large[2 : n + 2]) | single
        no_status = large[2 : n + 2] | ~is_status
        kinds = here * (no_delta + no_status * numpy.uint8(2) + numpy.uint8(4))
        kinds += (self.counts[:n] % 3).astype(numpy.uint8) << 3
        kinds = kinds.tobytes()
        self.data = data.tobytes()
        self.faults = [kinds.translate(table) for table in _FAULTS]

    def find_run(self, begin, end):
        """(end, number of messages) of the run at ``begin``, where a message must begin."""
        count = self.counts.item(begin)
        if begin and self.data[begin] < 0x80 and 0xC0 <= self.data[begin - 1] < 0xE0:
            count += 1  # what looks like a status belongs to the event before: the first byte counts only once
        at = self.faults[count % 3].find(1, begin, end)
        at = end if at < 0 else at
        into = (self.counts.item(at) - count) % 3  # small bytes of the last message, which is incomplete
        while at > begin and (into or self.data[at - 1] > 0x7F):
            at -= 1
            into -= self.data[at] < 0x80
        return at, (self.counts.item(at) - count) // 3 if at > begin else 0


def decode_messages(data):
    """(deltas (n,), rows (n, 3)) of the bytes of a run; the status of a message that has none is 0."""
    data = numpy.frombuffer(data, numpy.uint8)
    single = numpy.flatnonzero((data[:-1] & 0xE0 == 0xC0) & (data[1:] < 0x80))
    if len(single):
        data = numpy.insert(data, single + 2, 0)  # the second data byte
    large = data > 0x7F
    rows = data[~large].reshape(-1, 3)
    deltas = rows[:, 0].astype(numpy.int64)
    rows[:, 0] = 0
    at = numpy.flatnonzero(large)
    before = at - numpy.arange(len(at))  # small bytes
    owner = before // 3
    is_status = before != 3 * owner
    rows[owner[is_status], 0] = data[at[is_status]]
    at, owner = at[~is_status], owner[~is_status]
    place = 1 + large[at + 1] * (1 + large[at + 2])  # from the delta time's last byte
    for k in range(1, 4):
        kth = place == k
        deltas[owner[kth]] |= (data[at[kth]] & 0x7F).astype(numpy.int64) << 7 * k
    return deltas, rows


def fill_running_status(status):
    """The statuses (n,) with each 0 replaced by the last channel status before it."""
    if status.all():
        return status
    sets = (status >= 0x80) & (status < 0xF0)
    last = numpy.maximum.accumulate(numpy.where(sets, numpy.arange(len(status)), 0))
    return numpy.where(status == 0, status[last], status)
