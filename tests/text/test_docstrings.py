"""The examples in the docstrings of tsuzuri.text and tsuzuri.data give what they show."""

import doctest
import importlib
import pkgutil

import tsuzuri.data
import tsuzuri.text


def test_the_examples_in_docstrings():
    modules = [
        importlib.import_module(f"{room.__name__}.{module.name}")
        for room in (tsuzuri.text, tsuzuri.data)
        for module in pkgutil.iter_modules(room.__path__)
    ]
    results = {module.__name__: doctest.testmod(module) for module in modules}
    assert {name: result.failed for name, result in results.items() if result.failed} == {}
    assert results["tsuzuri.text.encoders"].attempted >= 12
    assert sum(result.attempted for result in results.values()) >= 20
