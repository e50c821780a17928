"""Arrays that are as strict as CuPy's: they mix with none of NumPy's, and only their own module makes them."""

import sys
import types

import numpy

NAME = "foreign_arrays"


class Array(numpy.ndarray):
    """Not NumPy's: what would copy it to the host, or mix the two, raises ``TypeError``."""

    __module__ = NAME

    def __array_ufunc__(self, ufunc, method, *inputs, **settings):
        for value in inputs:
            if type(value) is numpy.ndarray and value.ndim:
                raise TypeError(f"{ufunc.__name__} of a foreign array and one of NumPy's")
        out = settings.pop("out", None)
        if out:
            settings["out"] = tuple(numpy.asarray(array.view(numpy.ndarray)) for array in out)
        plain = [value.view(numpy.ndarray) if isinstance(value, Array) else value for value in inputs]
        found = getattr(ufunc, method)(*plain, **settings)
        return out[0] if out else found.view(Array) if isinstance(found, numpy.ndarray) else found

    def __array_function__(self, function, kinds, args, settings):
        raise TypeError(f"{function.__name__} of NumPy was given a foreign array")

    def get(self):
        """On the host."""
        return self.view(numpy.ndarray)


class Module(types.ModuleType):
    """NumPy's functions for such arrays."""

    def __getattr__(self, name):
        if name.startswith("__"):  # it has no file, and others look for one
            raise AttributeError(name)
        function = getattr(numpy, name)

        def call(*args, **settings):
            mixed = [type(a) is numpy.ndarray and a.ndim > 0 for a in args]
            if any(mixed) and name != "asarray":
                raise TypeError(f"{name} was given an array of NumPy's")
            found = function(*(a.view(numpy.ndarray) if isinstance(a, Array) else a for a in args), **settings)
            return found.view(Array) if isinstance(found, numpy.ndarray) else found

        return function if isinstance(function, type) else call


xp = sys.modules.setdefault(NAME, Module(NAME))
