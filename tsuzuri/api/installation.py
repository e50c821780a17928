"""What this program needs of a machine, one check after another: each is fine, or says the command that mends it.

A check imports what it is about by itself, so that one package that is missing or broken takes no other check with it.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shlex
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tsuzuri.errors import UserError

GIGABYTE = 1 << 30
PYTHONS = (3, 10), (3, 13)
PACKAGES = {  # by the names of their modules, but for those with a check of their own
    "sentencepiece": "sentencepiece>=0.2.1,<0.3",
    "regex": "regex>=2023.12",
    "tqdm": "tqdm>=4.66",
    "matplotlib": "matplotlib>=3.8",
    "filelock": "filelock>=4.1,<5",
    "typing_extensions": "typing_extensions>=4.1",
}
NUMPY = "numpy>=1.26,<2.6"
CUPY = "cupy-cuda12x[ctk]>=14.2,<15"
DICTIONARIES = ("unidic-lite", "ipadic", "unidic")  # packages of MeCab's
JAPANESE = "日本語の題、かな"
FINE, MEND, OPTIONAL = "fine", "mend", "optional"


class Finding(NamedTuple):
    """What a check found: ``state`` is ``FINE``, ``MEND`` or ``OPTIONAL``, ``text`` says it to people in a line."""

    name: str
    state: str
    text: str


class LackingError(Exception):
    """A thing that is not there: what is the matter, and the command that mends it."""

    def __init__(self, matter: str, remedy: str) -> None:
        super().__init__(f"{matter}: {remedy}")


def findings() -> Iterator[Finding]:
    """Yield what each of ``CHECKS`` finds, in their order; a check that fails in any way is a finding too."""
    for check in CHECKS:
        yield found_by(check)


def found_by(check: Check) -> Finding:
    """What one check finds."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Finding(check.name, FINE, check.look())
    except UserError as error:  # with which the commands fail too
        return Finding(check.name, MEND, str(error))
    except LackingError as error:
        text = str(error)
    except ModuleNotFoundError as error:
        text = f"the package {error.name} is not installed: {_installing(error.name, check.remedy())}"
    except (Exception, SystemExit) as error:  # what a broken package raises can be anything
        text = f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}: {check.remedy()}"
    if check.unless:
        return Finding(check.name, OPTIONAL, f"not needed unless {check.unless}: {text}")
    return Finding(check.name, MEND, text)


def _installing(module: str | None, otherwise: str) -> str:
    """The command that installs the package of a module that a check could not import, if it is known."""
    wanted = NUMPY if module == "numpy" else PACKAGES.get(module or "")
    return pip_install(wanted) if wanted else otherwise


def pip_install(*wanted: str) -> str:
    """The command that installs packages into this Python."""
    return shlex.join([sys.executable or "python", "-m", "pip", "install", *wanted])


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _python() -> str:
    here = sys.version_info[:2]
    if not PYTHONS[0] <= here <= PYTHONS[1]:
        raise LackingError(f"is {here[0]}.{here[1]}, must be 3.10 to 3.13", "PYTHON=python3.12 make setup")
    return f"{sys.version.split()[0]} at {sys.executable}"


def _numpy() -> str:
    import numpy

    numbers = tuple(int(part) for part in numpy.__version__.split(".")[:2])
    if not (1, 26) <= numbers < (2, 6):
        raise LackingError(f"is {numpy.__version__}, must be 1.26 to 2.5", pip_install(NUMPY))
    return str(numpy.__version__)


def _blas() -> str:
    import numpy

    square = numpy.eye(64, dtype="f")
    if not (square @ square == square).all():
        raise LackingError("multiplies wrongly", pip_install("--force-reinstall", NUMPY))
    about = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    if about.get("found") is False or "name" not in about:
        raise LackingError("NumPy was built without one, and is slow", pip_install("--force-reinstall", NUMPY))
    return f"{about['name']} {about.get('version', '')}".strip()


def _chainer() -> str:
    from tsuzuri import compat

    return f"{compat.chainer.__version__}; patches: {', '.join(compat.patches()) or 'none'}"


def _packages() -> str:
    missing = [wanted for name, wanted in PACKAGES.items() if importlib.util.find_spec(name) is None]
    if missing:
        raise LackingError("some are missing", pip_install(*missing))
    return ", ".join(f"{name} {_version(name)}" for name in PACKAGES)


def _kernels() -> str:
    from tsuzuri.kernels import native
    from tsuzuri.kernels.native import library

    if native.extension() is None:
        without = not library.sources() or any(map(shutil.which, ("g++", "clang++", "c++")))
        compiler = "" if without else "sudo apt install g++, then "
        raise LackingError("there are none", compiler + library.why_missing())
    return str(native.describe(native.choose("auto")))


def _mecab() -> str:
    from tsuzuri.text.tokenizers import get_tokenizer

    tokenizer = get_tokenizer("mecab")
    if len(tokenizer.split("私は猫です")) < 3:
        raise LackingError(f"splits nothing by {tokenizer.dictionary}", _mecab_remedy())
    return str(tokenizer.dictionary)


def _mecab_remedy() -> str:
    return pip_install("--force-reinstall", "mecab-python3", "unidic-lite")


def _dictionaries() -> str:
    versions = {name: _version(name) for name in DICTIONARIES}
    there = [f"{name} {version}" for name, version in versions.items() if version]
    missing = [name for name, version in versions.items() if not version]
    if missing:
        raise LackingError(f"{', '.join(there) or 'none'} is there", pip_install(*missing))
    return ", ".join(there)


def _gpu() -> str:
    if importlib.util.find_spec("cupy") is None:
        gpu = "there seems to be one, " if shutil.which("nvidia-smi") else ""
        raise LackingError(f"{gpu}CuPy is not installed", pip_install(CUPY))
    import cupy

    runtime = cupy.cuda.runtime
    if not cupy.cuda.is_available():
        raise LackingError(f"CuPy {cupy.__version__} finds no driver or no GPU", "nvidia-smi says more")
    version, names = runtime.driverGetVersion(), []
    for number in range(runtime.getDeviceCount()):
        names.append(runtime.getDeviceProperties(number)["name"].decode())
    driver = f"{version // 1000}.{version % 1000 // 10}"
    return f"CuPy {cupy.__version__}, a driver for CUDA {driver}, {', '.join(names)}"


def _mpi() -> str:
    version = _version("mpi4py")
    if version is None:
        raise LackingError("mpi4py is not installed", pip_install("mpi4py"))
    if not shutil.which("mpiexec"):
        raise LackingError(f"mpi4py {version} is there, mpiexec is not", "sudo apt install openmpi-bin")
    return f"mpi4py {version}"


def _fonts() -> str:
    from tsuzuri.training import plots

    font = plots.font_file(JAPANESE)
    if font is None:
        remedy = "sudo apt install fonts-noto-cjk" if sys.platform == "linux" else "install the font Noto Sans CJK JP"
        raise LackingError("no font here has kana and Chinese characters", remedy)
    return str(os.path.basename(font))


def _disk() -> str:
    free = shutil.disk_usage(".").free
    if free < GIGABYTE:
        matter = f"{free / GIGABYTE:.2f} GB are free in {os.getcwd()}, a training wants 1"
        raise LackingError(matter, "du -sh -- * | sort -h shows what takes room (-o names another disk)")
    if not os.access(".", os.W_OK):
        raise LackingError(f"nothing can be written in {os.getcwd()}", "cd to a folder of yours")
    return f"{free / GIGABYTE:,.0f} GB free in {os.getcwd()}"


def _memory() -> str:
    free = _free_memory()
    if free is None:
        return "its size is not known here"
    if free < GIGABYTE:
        raise LackingError(f"{free / GIGABYTE:.2f} GB are free", "close other programs, or train with a smaller --unit")
    return f"{free / GIGABYTE:,.0f} GB free"


def _free_memory() -> int | None:
    """Bytes that this process may still take; None where the system does not say."""
    free = None
    try:
        with open("/proc/meminfo", encoding="ascii") as stream:
            free = next((int(line.split()[1]) << 10 for line in stream if line.startswith("MemAvailable:")), None)
    except OSError:
        pass
    try:
        import resource

        most = resource.getrlimit(resource.RLIMIT_AS)[0]
    except (ImportError, OSError, ValueError):
        return free
    return free if most == resource.RLIM_INFINITY else min(most, free or most)


class Check(NamedTuple):
    """A row of the table: ``look`` returns what is there, or raises; ``remedy`` is for a failure that nobody foresaw.

    ``unless`` says when the thing is needed after all, where most do without.
    """

    name: str
    look: Callable[[], str]
    remedy: Callable[[], str]
    unless: str = ""


CHECKS = (  # what is needed first
    Check("Python", _python, lambda: "PYTHON=python3.12 make setup"),
    Check("NumPy", _numpy, lambda: pip_install("--force-reinstall", NUMPY)),
    Check("BLAS", _blas, lambda: pip_install("--force-reinstall", NUMPY)),
    Check("packages", _packages, lambda: pip_install(*PACKAGES.values())),
    Check("Chainer", _chainer, lambda: "make setup, or docs/troubleshooting.md under pkg_resources"),
    Check("MeCab", _mecab, _mecab_remedy),
    Check("disk", _disk, lambda: "df -h . says more"),
    Check("memory", _memory, lambda: "free -h says more"),
    Check("kernels", _kernels, lambda: "make native", "training is to be several times as fast"),
    Check("dictionaries", _dictionaries, lambda: pip_install(*DICTIONARIES), "--dictionary names another"),
    Check("fonts", _fonts, lambda: pip_install(PACKAGES["matplotlib"]), "pictures are to show Japanese names"),
    Check("GPU", _gpu, lambda: pip_install("--force-reinstall", CUPY), "an NVIDIA GPU is to compute"),
    Check("MPI", _mpi, lambda: pip_install("mpi4py"), "code of your own uses ChainerMN"),
)
