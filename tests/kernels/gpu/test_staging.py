"""Arrays sent ahead to a GPU, on a device that runs its streams in any order that events allow."""

import gc
import weakref

import numpy

from tests.kernels.gpu.stand_ins import Device, Place
from tsuzuri.kernels.gpu import launcher
from tsuzuri.kernels.gpu.staging import Staging


def test_what_is_sent_is_there_for_the_work_that_follows_and_not_before(device, place, rng):
    staging, seen, sent = Staging(device, place.nbytes, device.beside), [], []
    for _ in range(100):
        array = rng.integers(0, 1000, (2, 3)).astype("i")
        sent.append(array.copy())
        staging.send(place, array)
        array[...] = -1  # it is the caller's again
        for _ in range(rng.integers(1, 3)):
            device.work.add(lambda: seen.append(place.data.bytes.view("i").reshape(2, 3).copy()))
            sent.append(sent[-1])
        sent.pop()
        for _ in range(rng.integers(0, 8)):
            device.step()
    device.finish()
    numpy.testing.assert_array_equal(seen, sent)


def test_only_the_third_upload_in_a_row_waits(device, place):
    staging = Staging(device, place.nbytes, device.beside)
    device.finish()
    for count, waits in enumerate((0, 0, 1, 2)):
        staging.send(place, numpy.full(3, count, "d"))
        assert device.waits == waits
    device.finish()
    staging.send(place, numpy.zeros(3, "d"))
    assert device.waits == 2


def test_new_buffers_wait_for_those_who_had_their_memory_before(rng, place):
    for _ in range(30):
        device = Device(rng)
        staging = Staging(device, place.nbytes, device.beside)
        staging.send(place, numpy.full(3, 7, "d"))
        device.finish()
        assert (place.data.bytes.view("d") == 7).all()


def test_what_an_upload_takes_goes_with_its_destination(cupy, device, place):
    for name in ("alloc", "alloc_pinned_memory", "Event", "get_current_stream"):
        setattr(cupy.cuda, name, getattr(device, name))
    cupy.cuda.Stream = lambda non_blocking: device.beside
    engine = launcher.current()
    other = Place()
    for to in (place, other, place):
        engine.upload(to, numpy.arange(3.0))
    device.finish()
    assert place.data.bytes.view("d").tolist() == [0, 1, 2]
    assert len(engine._staging) == 2
    gone = weakref.ref(engine._staging[id(other)])
    gc.disable()
    try:
        del other, to
        assert len(engine._staging) == 1
        assert gone() is None
    finally:
        gc.enable()
