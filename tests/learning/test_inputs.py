from __future__ import annotations

import numpy as np
import pytest

from orchestrator.base.errors import InputError
from orchestrator.learning.inputs import contact_values, in_words, pulse_of, to_json
from orchestrator.learning.pulses import Pulse, contact_voltages

CONTACTS = ("1", "2", "3", "4")
FREE = [None] * 4


def laplacian(*bonds):
    """G of resistors between contacts: (i, j, conductance in S)."""
    g = np.zeros((4, 4))
    for i, j, value in bonds:
        g[[i, j], [i, j]] += value
        g[[i, j], [j, i]] -= value
    return g


CHAIN = laplacian((0, 1, 1.0), (1, 2, 2.0), (2, 3, 4.0))


@pytest.mark.parametrize(
    ("inputs", "values"),
    [
        ("+-0.", [0.2, -0.2, 0.0, None]),
        ("1 -0.5 0 .", [0.2, -0.1, 0.0, None]),
        ("+, -, 0.25, .", [0.2, -0.2, 0.05, None]),
        ([0.1, None, ".", float("nan")], [0.1, None, None, None]),
        (np.array([1, 2, 3, 4]), [1.0, 2.0, 3.0, 4.0]),
    ],
)
def test_values_of_contacts(inputs, values):
    assert contact_values(inputs, CONTACTS, "voltage", 0.2) == values


@pytest.mark.parametrize(
    ("inputs", "amplitude", "words"),
    [
        ("+-+", 1.0, r"voltages: 3 values for 4 contacts \(1, 2, 3, 4\)"),
        ("+-x0", 1.0, "'x' is none of"),
        ("0.05", 1.0, "1 values for 4 contacts"),
        ("1234", 1.0, "1 values for 4 contacts"),
        ("+--+", None, "needs an amplitude; give `training` a voltage"),
        ([1, 2, 3], 1.0, "3 values for 4 contacts"),
        ([0, 0, 0, True], 1.0, "True is no number"),
        ([0, 0, float("inf"), 0], 1.0, "not finite"),
        (np.array([0, 0, 1j, 0], np.complex64), 1.0, "is no number"),
        ([0, 0, 500, 0], 1.0, "contact '3': voltage = 500 V is implausible"),
    ],
)
def test_what_is_no_voltage_is_named(inputs, amplitude, words):
    with pytest.raises(InputError, match=words):
        contact_values(inputs, CONTACTS, "voltage", amplitude)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"currents": [1e-3, None, None, None]}, "contact number 1: has a voltage and a current"),
        ({"duration": 0.0}, "duration must be positive"),
        ({"duration": float("nan")}, "duration must be positive"),
        ({"gap": float("nan")}, "gap must be zero or positive"),
        ({"gap": -1e-12}, "gap must be zero or positive"),
        ({"B_ext": (0, 0)}, "three components, got 2"),
        ({"B_ext": "123"}, "must be three numbers in T, got '123'"),
        ({"B_ext": 0.1}, "not iterable"),
        ({"B_ext": (0, 0, None)}, "NoneType"),
        ({"B_ext": (0, 0, 500)}, "B_ext = 500 T is implausible"),
        ({"temperature": -1}, "temperature = -1 K is implausible"),
    ],
)
def test_impossible_pulses_are_named(given, words):
    voltages = [0.1, None, None, 0.0]
    with pytest.raises(InputError, match=words):
        pulse_of(voltages, **{"currents": FREE, "duration": 1e-10} | given)


def test_a_floating_contact_of_a_chain_divides_the_voltage():
    pulse = pulse_of([1.0, None, None, 0.0], FREE, 1e-10)
    # in series 1/1 + 1/2 + 1/4 ohm: 4/7 A
    v = contact_voltages(pulse, CHAIN)
    np.testing.assert_allclose(v, [1, 3 / 7, 1 / 7, 0], atol=1e-14)
    np.testing.assert_allclose(CHAIN @ v, [4 / 7, 0, 0, -4 / 7], atol=1e-14)


def test_voltages_and_currents_side_by_side():
    v = contact_voltages(pulse_of([0.0, None, None, None], [None, 0.5, 0.25, None], 1e-10), CHAIN)
    np.testing.assert_allclose(CHAIN @ v, [-0.75, 0.5, 0.25, 0], atol=1e-14)
    np.testing.assert_allclose(v, [0, 0.75, 0.875, 0.875], atol=1e-14)


def test_currents_alone_have_voltages_of_mean_zero():
    v = contact_voltages(pulse_of(FREE, [1e-3, 0.0, 0.0, -1e-3], 1e-10), CHAIN)
    np.testing.assert_allclose(CHAIN @ v, [1e-3, 0, 0, -1e-3], atol=1e-17)
    assert v.mean() == pytest.approx(0, abs=1e-18)


@pytest.mark.parametrize("currents", [[1e-3, 0, 0, 0], [0, 0, 1e-3, -2e-3]])
def test_currents_that_cannot_flow_are_refused(currents):
    with pytest.raises(InputError, match="cannot flow"):
        contact_voltages(pulse_of(FREE, currents, 1e-10), CHAIN)
    apart = laplacian((0, 1, 1.0), (2, 3, 1.0))
    pulse = pulse_of([0.1, None, None, None], [None, *currents[1:3], 0.01], 1e-10)
    with pytest.raises(InputError, match="cannot flow"):
        contact_voltages(pulse, apart)


def test_a_contact_without_a_path_floats_at_zero():
    apart = laplacian((0, 1, 1.0), (2, 3, 1.0))
    pulse = pulse_of([0.1, 0.0, None, None], FREE, 1e-10)
    np.testing.assert_allclose(contact_voltages(pulse, apart), [0.1, 0, 0, 0], atol=1e-16)


def test_plain_voltages_make_the_pulse_of_an_experiment():
    pulse = pulse_of([0.1, 0.0, -0.1, 0.1], FREE, 1e-10, 1e-12)
    assert pulse == Pulse((0.1, 0.0, -0.1, 0.1), 1e-10, "voltage", 1e-12)
    assert to_json(pulse) == {"values": [0.1, 0.0, -0.1, 0.1], "duration": 1e-10, "gap": 1e-12}


def test_what_was_asked_for_in_words():
    pulse = pulse_of([0.1, None, None, 0.0], [None, 1e-3, None, None], 1e-10, 0, (0, 0, 1), 300)
    assert in_words(to_json(pulse)) == (
        "0.1 V, 0.001 A, 0.0 A, 0.0 V for 1e-10 s, B_ext [0.0, 0.0, 1.0] T, temperature 300.0 K"
    )
