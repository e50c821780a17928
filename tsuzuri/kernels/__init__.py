"""Window-wide kernels: what the training loop spends its time in. Start with ``reference.py``, the specification."""
