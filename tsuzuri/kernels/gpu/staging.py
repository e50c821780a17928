"""Arrays sent ahead to the GPU: copied beside its work, and put into their place when that work is done.

What is recorded in a CUDA graph reads fixed addresses, so the next window's data may not be written there while the
last window runs. It goes through page-locked memory, from which the GPU copies by itself, to a buffer on the device on
a stream of its own; only the last short copy, on the device, takes its turn in the stream of the work. There are two of
each buffer, so that the host waits for the GPU only when it is two arrays ahead of it. None of this holds the array
that is written, so that it may be given up.
"""

import itertools
from typing import NamedTuple

import numpy


class Slot(NamedTuple):
    """A buffer of bytes on the host, one on the device, and when they may be used again."""

    host: numpy.ndarray
    device: object
    arrived: object  # event: the copy to the device is done
    free: object  # event: the copy to the destination is done, and with it the one before


class Staging:
    """What is sent to an array of ``size`` bytes on the device: on ``stream``, then on the current one of ``cuda``."""

    def __init__(self, cuda, size, stream):
        self._cuda, self._stream = cuda, stream
        self._slots = itertools.cycle([self._slot(size) for _ in range(2)])

    def _slot(self, size):
        host = numpy.frombuffer(self._cuda.alloc_pinned_memory(size), "B", size)
        arrived = self._cuda.Event(disable_timing=True)
        free = self._cuda.Event(block=True, disable_timing=True)  # block: sleep rather than spin
        device = self._cuda.alloc(size)
        free.record(self._cuda.get_current_stream())  # whose work may still use what the pool took back from others
        return Slot(host, device, arrived, free)

    def send(self, to, array):
        """Copy a NumPy array into ``to``, contiguous and of as many bytes, after the current stream's work so far."""
        slot = next(self._slots)
        assert to.nbytes == array.nbytes == slot.host.nbytes
        slot.free.synchronize()  # at once, unless both slots are busy or new
        slot.host[...] = numpy.ascontiguousarray(array).reshape(-1).view("B")
        slot.device.copy_from_host_async(slot.host.ctypes.data, to.nbytes, self._stream)
        slot.arrived.record(self._stream)
        work = self._cuda.get_current_stream()
        work.wait_event(slot.arrived)
        to.data.copy_from_device_async(slot.device, to.nbytes, work)
        slot.free.record(work)
