"""Make Chainer 7.8.1 run on today's Python, NumPy and CuPy.

Every module that needs Chainer writes ``from compat import chainer``, so that the patches below are in place before
Chainer is first imported, in the main process and in every worker alike. Each patch is conditional, says why it is
here, and when it may go. Nothing else in this project changes Chainer.
"""

import os
import sys
import types
import warnings

import numpy

from tsuzuri.errors import UserError

# For any pip, and without the file of constraints, which an installed package does not have.
MISSING = (
    "Chainer is not installed, and takes a setuptools below 81 to build: "
    "pip install 'setuptools<81' wheel && pip install --no-build-isolation chainer==7.8.1"
)


def _without_cudnn():
    """CuPy 14 has no cuDNN module and Chainer warns of that at start. Goes when Chainer stops asking for it."""
    os.environ.setdefault("CHAINER_CUDNN", "0")


def _without_environment_check():
    """Chainer's check imports ``numpy.distutils`` (gone in Python 3.12) and ``pkg_resources`` (gone in setuptools 81).

    It only warns of two packages installed side by side. Goes when Chainer drops it.
    """
    stub = types.ModuleType("chainer._environment_check")
    stub.check = lambda: None
    sys.modules.setdefault("chainer._environment_check", stub)


def _with_sctypes():
    """NumPy 2 removed ``numpy.sctypes``, which Chainer reads at import. Goes with NumPy 1.26 or a new Chainer."""
    if hasattr(numpy, "sctypes"):
        return
    numpy.sctypes = {
        "int": [numpy.int8, numpy.int16, numpy.int32, numpy.int64],
        "uint": [numpy.uint8, numpy.uint16, numpy.uint32, numpy.uint64],
        "float": [numpy.float16, numpy.float32, numpy.float64, numpy.longdouble],
        "complex": [numpy.complex64, numpy.complex128, numpy.clongdouble],
        "others": [bool, object, bytes, str, numpy.void],
    }


def patches():
    """Names of what is changed here so that Chainer runs: of each patch above that is in force."""
    in_force = {
        "no cuDNN": os.environ.get("CHAINER_CUDNN") == "0",
        "no check of the environment": not hasattr(sys.modules.get("chainer._environment_check"), "__file__"),
        "numpy.sctypes": "sctypes" in vars(numpy) and numpy.lib.NumpyVersion(numpy.__version__) >= "2.0.0",
    }
    return [name for name, there in in_force.items() if there]


def _import_chainer():
    """Import Chainer without the noise of its own old age; warnings of a user's code are left alone."""
    _without_cudnn()
    _without_environment_check()
    _with_sctypes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # its use of NumPy names that are on their way out
        warnings.simplefilter("ignore", SyntaxWarning)  # its unescaped backslashes, on the first byte-compile
        warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
        warnings.filterwarnings("ignore", message=r"\s*nccl library could not be loaded")  # for several GPUs, in CuPy
        try:
            import chainer
        except ModuleNotFoundError as error:
            if error.name != "chainer":
                raise
            raise UserError(MISSING) from None
        import chainer.functions
        import chainer.links
    return chainer


chainer = _import_chainer()
F = chainer.functions
L = chainer.links
