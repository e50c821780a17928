"""The kernels in NumPy and CuPy, twins of those in C++ and CUDA.

calls.py      the engine: the kernels with the arguments of their twins in native/ and gpu/
lstm.py       an LSTM layer over a window
packed.py     recurrent layers over packed rows
pooling.py    one row of each sequence
output.py     the output layer with softmax cross-entropy
embedding.py  the gradient of a lookup
weighing.py   rows weighed and added up
dropout.py    dropout from a counter-based generator
penalties.py  the gradient of penalties on a layer's output
update.py     clipping and the optimizers' steps
"""
