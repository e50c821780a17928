"""The recurrence of the LSTM layers over a window on a GPU: what of a layer cannot be one product for all steps.

Twin of the loops in ``reference.lstm_forward`` and ``lstm_backward``, in one of three ways (``tiling``): both layers in
one launch, one layer a launch, or two launches a step. Axes: T steps, B streams, N units; Np and Gp are N and 4N as
operands are padded.
"""

from typing import NamedTuple

import numpy

from tsuzuri.kernels.gpu import masks, tiling

BLOCK = 256  # threads, in recurrence_step.cu
COUNTER = 32  # from one counter to the next, in recurrence.cuh
PRODUCT, GIVEN, WANTED = 1, 2, 4  # bits that tell the kernels which gradients there are


class Layer(NamedTuple):
    """A layer's arrays: float32, or operands where the name ends in _op.

    Keys are uint64 arrays of one value, of the masks on the output and on the projections. A direction needs only its
    own arrays, and only the way by steps needs ``w_h_op``. All but keys must begin at addresses that 16 divides, since
    kernels read them by 16 bytes.
    """

    w_x: object  # (4N, N), of the upper layer of two
    b_x: object  # (4N,)
    w_h: object  # (4N, N)
    b_h: object  # (4N,)
    w_h_op: object  # (4N, Np): w_h as products read it
    gates: object  # (T, B, 4N): projections without bias, then the gates' values, then the gradients dz
    hs: object  # (T + 1, B, N), the state before the window first
    cs: object  # (T + 1, B, N)
    h_op: object  # (T + 1, B, Np)
    out_op: object  # (T, B, Np): h times its mask
    dz_op: object  # (T, B, Gp)
    dz_x_op: object  # (T, B, Gp): dz times the mask on projections, or None where there is none
    out_key: object
    mask_key: object


class Drops(NamedTuple):
    """Dropout on a layer's output and on what it projects."""

    outputs: masks.Dropout = masks.NONE
    projections: masks.Dropout = masks.NONE


class Ends(NamedTuple):
    """Gradients (B, N) beyond a window's ends: of the last c, or None; to be made, those of h and c before, or None."""

    g_c: object = None
    g_h_before: object = None
    g_c_before: object = None


NOTHING = Ends()


def counters(engine):
    """The length of an array of uint32 for any plan on a GPU: zeros before the first launch, and after each."""
    return COUNTER * (1 + engine.multiprocessors)  # no more groups of streams than blocks at once


def sums(batch, units):
    """The shape of an array of float32 for any plan."""
    return 5, batch, units


def choose_plans(engine, sizes):
    """The ``tiling.Plans`` of each layer of a window of ``memory.Sizes``; the same where two layers go together."""
    model, room = sizes.model, (engine.multiprocessors, engine.shared_memory)
    outputs, shape = model.outputs, (sizes.steps, sizes.batch)
    alone = sizes.masked or model.skip or len(outputs) != 2 or outputs[0] != outputs[1]
    settings = sizes.training.precision, alone
    plans = {units: tiling.plans_for(*room, *shape, units, *settings) for units in dict.fromkeys(outputs)}
    return [plans[units] for units in outputs]


def recur_forward(engine, plans, layers, scratch, drops):
    """Run a layer over a window, or both as a wavefront (``plans.forward.way``), from gates that hold x w_x^T.

    Makes gates, hs[1:], cs[1:], h_op[1:] and out_op. In a wavefront the upper layer's gates need not hold anything.
    ``scratch``: arrays for ``counters`` and ``sums``; ``drops``: the ``Drops`` of each of the layers.
    """
    plan = plans.forward
    if plan.way == tiling.STEPS:
        return _steps_forward(engine, plan, layers, scratch, drops)
    first, second = _both(plan, layers, drops)
    _launch(
        *(engine, plan, "forward", first, drops),
        *(first.b_x, first.w_h, first.b_h, first.gates, first.hs, first.cs, first.h_op, first.out_op),
        *(first.out_key, first.mask_key, second.w_x, second.b_x, second.w_h, second.b_h, second.gates, second.hs),
        *(second.cs, second.h_op, second.out_op, second.out_key, scratch[0]),
    )
    return None


def recur_backward(engine, plans, layers, g_out, scratch, drops, ends=NOTHING):
    """From g_out (T, B, N), the gradient of the upper layer's out_op, to dz: over gates, in dz_op and in dz_x_op.

    ``ends`` may be given with one layer only; the rest is as in ``recur_forward``.
    """
    plan = plans.backward
    if plan.way == tiling.STEPS:
        return _steps_backward(engine, plan, layers, g_out, scratch, drops, ends)
    first, second = _both(plan, layers, drops)
    assert len(layers) == 1 or all(end is None for end in ends)
    given = GIVEN * (ends.g_c is not None) + WANTED * (ends.g_h_before is not None)
    arrays = (g_out if end is None else end for end in ends)  # the kernel does not look at those that are not there
    _launch(
        *(engine, plan, "backward", first, drops),
        *(g_out, first.w_h, first.cs, first.gates, first.dz_op, _dz_x_op(first), first.out_key, first.mask_key),
        *(second.w_x, second.w_h, second.cs, second.gates, second.dz_op, second.out_key),
        *(*arrays, numpy.int32(given), scratch[0]),
    )
    return None


def _both(plan, layers, drops):
    assert len(layers) == len(plan.shares)
    assert len(layers) == len(drops)
    assert len(layers) == 1 or not any(of_layer.projections.threshold for of_layer in drops)
    return layers[0], layers[-1]


def _dz_x_op(layer):
    return layer.dz_op if layer.dz_x_op is None else layer.dz_x_op


def _launch(engine, plan, direction, layer, drops, *arrays):
    launch = engine.kernel(f"recurrence_{direction}", direction, **plan.defines())
    first, second = plan.shares[0], plan.shares[-1]
    sizes = *layer.gates.shape[:2], layer.cs.shape[2], plan.streams, plan.stream_groups
    shares = first.units, first.groups, second.units, second.groups
    dropouts = *drops[0].outputs, *drops[-1].outputs, *drops[0].projections[:2]
    arguments = *arrays, *map(numpy.int32, (*sizes, *shares)), *dropouts
    launch(plan.blocks, first.threads, *arguments, shared=plan.shared, cooperative=True)


def _steps_forward(engine, plan, layers, scratch, drops):
    (layer,), (drop,) = layers, drops
    launch = engine.kernel("recurrence_step", "step_forward", **plan.defines())
    T, B, N = len(layer.gates), *layer.hs.shape[1:]
    z = scratch[1][:4].reshape(B, 4 * N)
    for t in range(T):
        _product(engine, plan, layer.h_op[t][:, :N], layer, z, transpose_b=True)
        launch(
            *(-(-B * N // BLOCK), BLOCK, z, layer.b_x, layer.b_h, layer.gates[t], layer.hs[t:], layer.cs[t:]),
            *(layer.h_op[t:], layer.out_op[t], layer.out_key, layer.mask_key, *map(numpy.int32, (t * B, B, N))),
            *(*drop.outputs, *drop.projections[:2]),
        )


def _steps_backward(engine, plan, layers, g_out, scratch, drops, ends):
    (layer,), (drop,) = layers, drops
    launch = engine.kernel("recurrence_step", "step_backward", **plan.defines())
    T, B, N = len(layer.gates), *layer.cs.shape[1:]
    g_h, g_c = scratch[1][0], scratch[1][4]
    for t in reversed(range(T)):
        given = 0
        if t < T - 1:
            _product(engine, plan, layer.dz_op[t + 1][:, : 4 * N], layer, g_h)
            given = PRODUCT + GIVEN
        elif ends.g_c is not None:
            given = GIVEN
        g_c_after = ends.g_c if given == GIVEN else g_c
        g_c_before = g_c if t or ends.g_c_before is None else ends.g_c_before
        launch(
            *(-(-B * N // BLOCK), BLOCK, g_h, g_out[t], g_c_after, g_c_before, numpy.int32(given), layer.cs[t:]),
            *(layer.gates[t], layer.dz_op[t], _dz_x_op(layer)[t], layer.out_key, layer.mask_key),
            *(*map(numpy.int32, (t * B, B, N)), *drop.outputs, *drop.projections[:2]),
        )
    if ends.g_h_before is not None:
        _product(engine, plan, layer.dz_op[0][:, : 4 * N], layer, ends.g_h_before)


def _product(engine, plan, a, layer, out, **settings):
    engine.product(a, layer.w_h_op[:, : layer.cs.shape[2]], out, precision=plan.precision, **settings)
