"""What tests have in place of CUDA: a device that runs its streams in any order that events allow, and a CuPy."""

import collections
import ctypes
import functools
import types
from types import SimpleNamespace

import numpy

from tsuzuri.kernels.gpu import launcher


class Device:
    """``cupy.cuda`` in miniature."""

    def __init__(self, rng):
        self.rng, self.waits, self.streams = rng, 0, []
        self.work, self.beside = Stream(self), Stream(self)

    def get_current_stream(self):
        return self.work

    def alloc_pinned_memory(self, size):
        return bytearray(size)

    def alloc(self, size):
        """Memory that work under way still writes to: a pool gives it away as soon as no array has it."""
        memory = Memory(size)
        self.work.add(lambda: memory._write(b"\xff" * size))
        return memory

    def Event(self, block=False, disable_timing=False):  # noqa: N802  CuPy's name
        return Event(self)

    def step(self):
        """Run the next piece of work of one stream; False if there is none."""
        ready = [stream for stream in self.streams if stream.queue and stream.queue[0][0]()]
        if ready:
            ready[self.rng.integers(len(ready))].queue.popleft()[1]()
        assert ready or not any(stream.queue for stream in self.streams), "streams wait for each other"
        return bool(ready)

    def finish(self):
        while self.step():
            pass


class Stream:
    def __init__(self, device):
        self.queue = collections.deque()
        device.streams.append(self)

    def add(self, action, ready=lambda: True):
        self.queue.append((ready, action))

    def wait_event(self, event):
        target = event.recorded
        self.add(lambda: None, lambda: event.reached >= target)


class Event:
    def __init__(self, device):
        self.device, self.recorded, self.reached = device, 0, 0

    def record(self, stream):
        self.recorded += 1
        stream.add(functools.partial(setattr, self, "reached", self.recorded))

    def synchronize(self):
        self.device.waits += self.reached < self.recorded
        while self.reached < self.recorded:
            self.device.step()


class Memory:
    def __init__(self, size):
        self.bytes, self.ptr = numpy.zeros(size, "B"), id(self)

    def copy_from_host_async(self, address, size, stream):
        stream.add(lambda: self._write(ctypes.string_at(address, size)))

    def copy_from_device_async(self, other, size, stream):
        stream.add(lambda: self._write(other.bytes[:size].tobytes()))

    def _write(self, content):
        self.bytes[:] = numpy.frombuffer(content, "B")


class Place:
    """An array of 24 bytes on the device."""

    def __init__(self):
        self.nbytes, self.data, self.flags = 24, Memory(24), SimpleNamespace(c_contiguous=True)


class FakeCupy(types.ModuleType):
    """As much of CuPy as the engine asks for."""

    def __init__(self, capability="90"):
        super().__init__("cupy")
        self.log, self.failure, self.pool = [], None, SimpleNamespace(free_bytes=lambda: 1 << 30)
        self.get_default_memory_pool = lambda: self.pool
        self.ndarray = SimpleNamespace
        device = SimpleNamespace(
            compute_capability=capability,
            attributes={"MultiProcessorCount": 4, "MaxSharedMemoryPerBlockOptin": 100_000},
            mem_info=(9 << 30, 80 << 30),
        )
        properties = {"name": b"Fake"}
        self.cuda = SimpleNamespace(
            Device=lambda number: device,
            Stream=lambda non_blocking: self,
            get_current_stream=lambda: SimpleNamespace(ptr=0),
            is_available=lambda: True,
            runtime=SimpleNamespace(getDevice=lambda: 3, getDeviceProperties=lambda _: properties, is_hip=False),
            driver=SimpleNamespace(occupancyMaxActiveBlocksPerMultiprocessor=self._room),
            compiler=SimpleNamespace(CompileException=type("CompileException", (Exception,), {})),
        )

    def _room(self, pointer, threads, shared):
        self.log.append(("room", threads, shared))
        return 2048 // threads if shared < 50_000 else 1

    def RawModule(self, code, options):  # noqa: N802  CuPy's name
        self.log.append(("module", code, options))
        return self

    def get_function(self, name):
        if self.failure:
            raise self.failure
        kernel = Function(lambda *arguments: self.log.append((name, *arguments)))
        return SimpleNamespace(kernel=kernel, max_dynamic_shared_size_bytes=None)

    # A stream that records

    def __enter__(self):
        self.log.append("enter")
        return self

    def __exit__(self, *_):
        self.log.append("exit")

    def begin_capture(self):
        self.log.append("begin")

    def end_capture(self):
        self.log.append("end")
        if self.failure:
            raise self.failure
        return SimpleNamespace(launch=lambda: self.log.append("graph"))


class Function:
    ptr = 99

    def __init__(self, call):
        self._call = call

    def __call__(self, *arguments):
        self._call(*arguments)


class Strange(numpy.lib.mixins.NDArrayOperatorsMixin):
    """An array that, as CuPy's, is none of NumPy's: it computes with its own kind and with scalars only."""

    def __init__(self, array):
        self.array = array

    def __array__(self, *_, **__):
        raise TypeError("implicit conversion to a NumPy array")

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **settings):
        assert method == "__call__"
        assert all(isinstance(each, Strange | numpy.generic | int | float) for each in (*inputs, *out)), ufunc
        plain = [each.array if isinstance(each, Strange) else each for each in inputs]
        if out:
            settings["out"] = tuple(each.array for each in out)
        result = Strange(ufunc(*plain, **settings))
        return out[0] if out else result

    def __getitem__(self, key):
        return Strange(self.array[key.array if isinstance(key, Strange) else key])

    def __setitem__(self, key, value):
        assert isinstance(value, Strange), "a NumPy array"
        self.array[key] = value.array

    def __getattr__(self, name):
        if name.startswith("__"):  # by which NumPy would find the array within
            raise AttributeError(name)
        found = getattr(self.array, name)
        return (lambda *a: Strange(found(*a))) if name in ("reshape", "view", "copy", "astype") else found

    def __len__(self):
        return len(self.array)


class StrangeModule:
    """The module whose arrays those are."""

    ndarray = Strange

    def asarray(self, array):
        return array if isinstance(array, Strange) else Strange(numpy.asarray(array))

    def __getattr__(self, name):
        found = getattr(numpy, name)
        return found if isinstance(found, type) else lambda *a, **settings: Strange(found(*a, **settings))


def forget():
    """Let the engine be looked for again."""
    launcher._cupy.cache_clear()
    launcher._engine.cache_clear()
