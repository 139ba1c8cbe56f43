"""Learning the priors: what any folder of curves must give, on a small simulated one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cerberus_plan.calibration.curves import learn
from cerberus_plan.calibration.curves.examples import family_weights, read_folder
from cerberus_plan.calibration.curves.interval import reach
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
    assert document["widening"]["times"] > 0
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


def misses(seed: int, size: int = 200) -> learn.Misses:
    """Points beyond the measured range whose truth falls anywhere."""
    random = np.random.default_rng(seed)
    log_factor, half = random.uniform(0, np.log(8), size), random.uniform(0.01, 0.5, size)
    return learn.Misses(
        log_factor=log_factor,
        half=half,
        miss=np.abs(random.normal(0, 0.3, size) + half * random.normal(0, 1, size)),
        weight=random.uniform(0.5, 1.5, size),
    )


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10)
def test_learned_intervals_hold_what_they_were_learned_to_hold(seed):
    """The share of the weight inside is the share to hold, up to one point; heavier misses are never held by less."""
    seen = misses(seed)
    found = learn.widening(seen)
    ends = found["times"] * reach(seen.half, seen.log_factor, found["surprise"])
    held = seen.weight[seen.miss <= ends * (1 + 1e-3)].sum() / seen.weight.sum()
    assert learn.HOLD - 0.01 <= held <= learn.HOLD + 2 * seen.weight.max() / seen.weight.sum()
    worse = learn.Misses(log_factor=seen.log_factor, half=seen.half, miss=2 * seen.miss, weight=seen.weight)
    wider = learn.widening(worse)
    assert (wider["times"] * reach(seen.half, seen.log_factor, wider["surprise"])).mean() > ends.mean()


@given(
    half=st.floats(0, 3),
    more=st.floats(0, 3),
    factor=st.floats(0, 5),
    farther=st.floats(0, 5),
    surprise=st.floats(0, 2),
)
def test_doubt_grows_with_the_distance_and_with_the_forecasts_own(half, more, factor, farther, surprise):
    """Nowhere does an end come nearer to the middle; within the measured range nothing is a surprise."""
    here = reach(np.array(half), np.array(factor), surprise)
    assert reach(np.array(half + more), np.array(factor + farther), surprise) >= here
    assert reach(np.array(half), np.array(0.0), surprise) == reach(np.array(half), np.array(0.0), 0.0)


def test_a_surprise_is_found_where_there_is_one():
    """Forecasts that think themselves sure and miss at twice the range, and no more at eight times."""
    random = np.random.default_rng(1)
    log_factor = random.uniform(0.1, np.log(8), 400)
    surprised = np.abs(random.normal(0, 0.4, 400)) * np.sqrt(-np.expm1(-2 * log_factor))
    seen = learn.Misses(log_factor=log_factor, half=np.full(400, 0.05), miss=surprised, weight=np.ones(400))
    calm = learn.Misses(log_factor=log_factor, half=seen.half, miss=np.full(400, 0.05), weight=seen.weight)
    assert learn.widening(seen)["surprise"] > 5 * learn.widening(calm)["surprise"]
