"""Learning the priors: what any folder of curves must give, on a small simulated one."""

import numpy as np
import pytest

from cerberus_plan.calibration.curves import learn
from cerberus_plan.calibration.curves.examples import family_weights, read_folder
from cerberus_plan.calibration.curves.laws import LAWS
from cerberus_plan.calibration.curves.priors import Priors, for_clients, shipped
from cerberus_plan.model.errors import InputError

N = np.array([1, 2, 3, 4, 6, 8, 12, 16, 24, 32])
SHAPES = {
    "flat": lambda n, s: n / (1 + s * (n - 1)),
    "falling": lambda n, s: n / (1 + s * n * (n - 1)),
    "linear": lambda n, s: n,
}


@pytest.fixture
def folder(tmp_path):
    """Three families of two curves; one family holds times."""
    for family, shape in SHAPES.items():
        rows = ["curve_id,higher_is_better,n,value"]
        for k, share in enumerate((0.05, 0.2)):
            rate = shape(N, share)
            value = 1 / rate if family == "falling" else rate
            better = 0 if family == "falling" else 1
            rows += [f"{family}{k},{better},{n},{v:.9g}" for n, v in zip(N, value, strict=True)]
        (tmp_path / f"{family}.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_a_folder_becomes_families_of_rates(folder):
    """Times are inverted, files are families, cuts leave three counts to fit."""
    examples = read_folder(folder)
    assert sorted({e.family for e in examples}) == sorted(SHAPES)
    falling = next(e for e in examples if e.curve.name == "falling1")
    assert falling.curve.value == pytest.approx(SHAPES["falling"](N, 0.2))
    assert [(cut, train.n[-1]) for cut, train, _ in falling.cuts()] == [(2, 16), (4, 8), (8, 4)]


@pytest.mark.slow
def test_learning_gives_priors_that_can_be_used(folder, monkeypatch):
    """Weights are probabilities, every law has its shapes, intervals have positive multipliers."""
    monkeypatch.setattr(learn, "DRAWS_LEARNING", 24)
    monkeypatch.setattr(learn, "ROUNDS", 2)
    document = learn.Learner(read_folder(folder)).without()
    assert sum(law["weight"] for law in document["laws"].values()) == pytest.approx(1, abs=1e-3)
    assert all(len(document["laws"][name]["beta"]) == len(law.ranges) for name, law in LAWS.items())
    assert min(document["widening"]["times"]) > 0
    assert np.exp(Priors.from_document(document).log_weight).sum() == pytest.approx(1, abs=1e-3)


def test_shipped_priors_are_probabilities():
    """For cores and for clients."""
    for priors in (shipped(), shipped(clients=True)):
        assert np.exp(priors.log_weight).sum() == pytest.approx(1, abs=1e-3)
        assert np.exp(priors.log_drift).sum() == pytest.approx(1, abs=1e-2)


def test_clients_do_not_change_the_document():
    """Adapting priors to clients leaves the original as it was."""
    document = learn.flat_document(8)
    assert for_clients(document)["laws"]["step"]["weight"] > 0.5
    assert document == learn.flat_document(8)


def test_families_weigh_by_the_square_root_of_their_size():
    """Four resembling curves count as two."""
    weights = family_weights(["a", "a", "a", "a", "b"])
    assert weights[:4].sum() == pytest.approx(2 * weights[4])


def test_a_folder_without_curves_is_refused(tmp_path):
    """Nothing, or other columns, cannot be learned from."""
    with pytest.raises(InputError, match="no curves found"):
        read_folder(tmp_path)
    (tmp_path / "x.csv").write_text("n,value\n1,2\n")
    with pytest.raises(InputError, match="columns curve_id, higher_is_better, n, value are needed"):
        read_folder(tmp_path)
