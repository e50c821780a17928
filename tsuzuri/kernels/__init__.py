"""What the time goes into.

The rooms: numpy_/ in NumPy and CuPy, native/ in C++, gpu/ what launches the CUDA kernels, cuda/ these.

reference.py  the specification: every kernel as plain loops
functions.py  the kernels as Chainer functions
devices.py    auto, cpu, gpu:N
"""
