"""What the time goes into.

The rooms: numpy_/ in NumPy and CuPy, native/ in C++, gpu/ what launches the CUDA kernels, cuda/ these (``*.cu`` the
programs, ``*.cuh`` what they include).

reference.py  the specification: every kernel as plain loops
engines.py    the table of engines, and which of them computes what
functions.py  the kernels as Chainer functions
devices.py    auto, cpu, gpu:N
"""
