"""Operands, which is what products read: float32, or the bits of bfloat16 as uint16."""

import numpy

TYPES = {numpy.dtype("f"): "float", numpy.dtype("u2"): "bfloat16"}
DEFINES = [{"OPERAND": name} for name in TYPES.values()]  # the builds of a program that has them


def padded(size, dtype):
    """Values of an operand's row of ``size`` of them: whole runs of 64 bytes."""
    step = 64 // numpy.dtype(dtype).itemsize
    return -(-size // step) * step


def define(array):
    """What tells a kernel the type of an operand."""
    return {"OPERAND": TYPES[array.dtype]}
