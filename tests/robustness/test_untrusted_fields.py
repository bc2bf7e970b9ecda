"""Every number of every file is untrusted: a changed field gives an error that names it, or a model that works."""

import sys

import numpy as np
import pytest

if sys.platform != "linux":
    pytest.skip("the child process needs Linux", allow_module_level=True)

from faults import fields
from faults.fields import FORMS, MISSING


@pytest.mark.parametrize("name", FORMS)
def test_some_changed_fields(name):
    tally = fields.try_fields(name, every=83)
    assert not tally.failures, tally.failures[:3]


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMS)
def test_every_changed_field(name):
    tally = fields.try_fields(name)
    assert tally.inputs > 50
    assert not tally.failures, tally.failures[:3]


def test_the_fields_of_a_tree_are_found_and_replaced():
    tree = {"a": [1, 2, 3], "b": {"c": np.arange(2)}}
    assert list(fields.fields(tree)) == [("a",), ("a", 0), ("a", 2), ("b",), ("b", "c")]
    assert fields.replaced(tree, ("a", 2), -1)["a"] == [1, 2, -1]
    assert fields.replaced(tree, ("b", "c"), MISSING)["b"] == {}
    assert tree["a"] == [1, 2, 3]
