"""Pickles that version 0.1 wrote load, and the module names that they hold stay valid."""

from __future__ import annotations

import importlib
import json
import pickle
import pickletools
import subprocess
import sys
import warnings

import numpy as np
import pytest
from pickles import make

from fastw2v.compat.moved_modules import MOVED_MODULES

EXPECTED = json.loads((make.HERE / "expected.json").read_text(encoding="utf-8"))
# Public classes are pickled by names that stay, whatever the packages below look like.
PUBLIC_MODULES = {"fastw2v", "fastw2v.callbacks", "fastw2v.corpora", "fastw2v.keyedvectors", "fastw2v.vocab"}
PUBLIC_MODULES |= {"fastw2v.word2vec", "fastw2v.models.word2vec", "fastw2v.models.keyedvectors"}


def loaded(name):
    data = (make.HERE / f"{name}.pickle").read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return pickle.loads(data)


def modules_named_in(data):
    """Return the modules of fastw2v that a pickle of protocol 4 names; strings may come from its memo."""
    strings, memo, found = [], {}, set()
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name in ("SHORT_BINUNICODE", "BINUNICODE"):
            strings.append(argument)
        elif opcode.name == "MEMOIZE":
            memo[len(memo)] = strings[-1] if strings else None
        elif opcode.name in ("BINGET", "LONG_BINGET"):
            strings.append(memo[argument])
        elif opcode.name == "STACK_GLOBAL":
            found.add(strings[-2])
    return {module for module in found if module and module.split(".")[0] == "fastw2v"}


def assert_same(value, expected):
    if isinstance(expected, dict):
        assert value.keys() == expected.keys()
        for key in expected:
            assert_same(value[key], expected[key])
    elif isinstance(expected, list):
        assert len(value) == len(expected)
        for part, expected_part in zip(value, expected, strict=True):
            assert_same(part, expected_part)
    elif isinstance(expected, float):
        np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5)
    else:
        assert value == expected


@pytest.mark.parametrize("name", EXPECTED)
def test_a_pickle_loads_and_its_object_works(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make.make_corpus()
    assert_same(make.describe(loaded(name)), EXPECTED[name])


@pytest.mark.parametrize("name", EXPECTED)
def test_an_object_is_pickled_again_under_public_names(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make.make_corpus()
    data = pickle.dumps(loaded(name), protocol=4)
    assert modules_named_in(data) <= PUBLIC_MODULES
    assert_same(make.describe(pickle.loads(data)), EXPECTED[name])


@pytest.mark.parametrize("old", MOVED_MODULES)
def test_an_old_module_name_leads_to_the_contents(old):
    forwarding, new = importlib.import_module(old), importlib.import_module(MOVED_MODULES[old])
    assert set(dir(forwarding)) == set(dir(new))
    for name in dir(new):
        if not name.startswith("__"):
            assert getattr(forwarding, name) is getattr(new, name)
    with pytest.raises(AttributeError, match="no_such_name"):
        forwarding.no_such_name  # noqa: B018


def test_loading_in_a_fresh_process():
    code = (
        "import pickle, sys; update = pickle.load(open(sys.argv[1], 'rb')); from fastw2v.incremental import Update; "
        "import fastw2v; assert type(update) is Update is fastw2v.Update"
    )
    subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(make.HERE / "update.pickle")], check=True, timeout=60
    )


def test_other_names_are_not_found():
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        importlib.import_module("fastw2v.no_such_module")
