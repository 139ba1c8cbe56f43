"""The runner with recorded timings: sizing, interleaving, doubtful batches, extra rounds."""

from collections import Counter

from cerberus_plan.calibration.harness.case import Batch, Case, Seat
from cerberus_plan.calibration.harness.runner import ENOUGH_CLEAN, Runner, find_count, wanted_count

SEAT = (Seat(cpu=0),)


def no_loop(_frame: int, _role: int, count: int, _area: int) -> int:
    """Stand-in for a compiled loop; the runner never calls it."""
    return count


def case(name: str, **options) -> Case:
    return Case(name=name, loop=no_loop, seats=SEAT, **options)


class FakeMachine:
    """Runs nothing: each operation takes `cost_s`, scaled by the next factor of `script` when there is one."""

    def __init__(self, cost_s: float = 1e-6, script=(), switches=lambda _call: 0):
        self.cost_s = cost_s
        self.script = list(script)
        self.switches = switches
        self.calls = []

    def __call__(self, case, count, number):
        factor = self.script.pop(0) if self.script else 1.0
        wall = case.batch_s if case.deadline else count * self.cost_s * factor
        self.calls.append((case.name, count, number))
        return Batch(
            case=case.name,
            round=number,
            count=count,
            seconds=self.cost_s * factor,
            wall_s=wall,
            operations=(count,),
            switches=self.switches(len(self.calls)),
        )


def test_a_batch_is_sized_to_the_wanted_duration():
    """A loop of 1 us an operation gets 2000 operations for 2 ms."""
    machine, kept = FakeMachine(1e-6), []
    assert find_count(case("a", count=1), machine, kept.append) == 2000
    assert all(batch.round == -1 for batch in kept)


def test_one_bad_first_sample_does_not_set_the_size():
    """Sizing takes the best of three: a first batch 50 times too slow leaves no trace."""
    machine = FakeMachine(1e-6, script=[50.0])
    assert find_count(case("a", count=400), machine, lambda _batch: None) == 2000


def test_a_very_fast_operation_ends_at_a_bound():
    """A loop without cost cannot make the sizing run for ever."""
    machine = FakeMachine(0.0)
    assert 0 < find_count(case("a"), machine, lambda _batch: None) <= 100_000_000


def test_a_very_slow_operation_is_done_once():
    """An operation longer than a batch is still run."""
    assert find_count(case("a"), FakeMachine(0.5), lambda _batch: None) == 1


def test_deadline_loops_are_not_sized():
    """Their count is the operations between two looks at the clock, and stays."""
    machine = FakeMachine()
    assert find_count(case("a", deadline=True, count=7), machine, lambda _batch: None) == 7
    assert len(machine.calls) == 1


def test_each_round_visits_every_case_once_in_changing_order():
    """Rounds are permutations, not all alike, and the seed fixes them."""
    cases = [case(f"c{i}", deadline=True) for i in range(6)]

    def orders(seed):
        machine = FakeMachine()
        Runner(execute=machine, keep=lambda _batch: None, seed=seed).run(cases, rounds=8)
        return [[n for n, _, r in machine.calls if r == number] for number in range(8)]

    first = orders(1)
    assert all(sorted(order) == sorted(c.name for c in cases) for order in first)
    assert len({tuple(order) for order in first}) > 4
    assert orders(1) == first
    assert orders(2) != first


def test_every_batch_is_kept_doubtful_or_not():
    """Nothing is dropped by the runner: what it ran is what it handed on."""
    machine, kept = FakeMachine(switches=lambda call: call % 2), []
    Runner(execute=machine, keep=kept.append, seed=1).run([case("a")], rounds=20)
    assert len(kept) == len(machine.calls)
    assert any(not batch.clean for batch in kept)


def test_cases_short_of_clean_batches_get_up_to_twice_the_rounds():
    """A case that is always disturbed is retried, the clean one is not, and the run ends."""
    disturbed = {"bad"}

    def execute(case, count, number):
        batch = FakeMachine()(case, count, number)
        return Batch.from_record({**batch.to_record(), "switches": int(case.name in disturbed)})

    kept = []
    Runner(execute=execute, keep=kept.append, seed=1).run(
        [case("good", deadline=True), case("bad", deadline=True)], rounds=10
    )
    timed = Counter(batch.case for batch in kept if batch.round >= 0)
    assert timed == {"good": 10, "bad": 20}
    assert ENOUGH_CLEAN == 5


def test_a_batch_off_by_a_factor_two_sets_the_size_anew():
    """The machine became four times faster after sizing: later batches have four times the operations."""
    machine = FakeMachine(4e-6)
    runner = Runner(execute=machine, keep=lambda _batch: None, seed=1)
    chosen = [case("a")]
    runner.size(chosen)
    machine.cost_s = 1e-6
    runner.run_round(chosen, 0)
    runner.run_round(chosen, 1)
    assert [count for _, count, number in machine.calls if number >= 0] == [500, 2000]


def test_a_disturbed_batch_does_not_set_the_size():
    """A long batch that was switched out says nothing about the speed of the loop."""
    machine = FakeMachine(1e-6)
    runner = Runner(execute=machine, keep=lambda _batch: None, seed=1)
    chosen = [case("a")]
    runner.size(chosen)
    machine.script = [10.0]
    machine.switches = lambda _call: 1
    runner.run_round(chosen, 0)
    runner.run_round(chosen, 1)
    assert [count for _, count, number in machine.calls if number >= 0] == [2000, 2000]


def test_cases_that_are_many_take_part_in_some_rounds_only():
    """`every=5` means rounds 0, 5, 10, ..."""
    machine = FakeMachine()
    rare = case("rare", deadline=True, every=5)
    Runner(execute=machine, keep=lambda _batch: None, seed=1).run([rare, case("b", deadline=True)], rounds=15)
    assert [number for name, _, number in machine.calls if name == "rare" and number >= 0] == [0, 5, 10]


def test_the_expected_number_of_batches_is_what_an_undisturbed_run_takes():
    """The progress bar's total is right when nothing has to be repeated."""
    cases = [case("a", count=1000), case("b", deadline=True), case("c", deadline=True, every=5)]
    machine = FakeMachine()
    Runner(execute=machine, keep=lambda _batch: None, seed=1).run(cases, rounds=10)
    assert abs(len(machine.calls) - Runner.expected(cases, rounds=10)) <= 1


def test_the_wanted_count_is_at_least_one_and_never_infinite():
    """Degenerate durations give a usable count."""
    base = {"case": "a", "round": 0, "seconds": 1.0, "operations": (1,)}
    assert wanted_count(case("a"), Batch(count=1, wall_s=100.0, **base)) == 1
    assert wanted_count(case("a"), Batch(count=10**8, wall_s=0.0, **base)) == 100_000_000


def test_sizes_found_before_are_used_after_one_warm_up():
    """A later process does not search again: one batch of the known size, then the rounds."""
    machine = FakeMachine(1e-6)
    runner = Runner(execute=machine, keep=lambda _batch: None, seed=1, sizes={"a": 2000})
    runner.run([case("a", count=1)], rounds=2)
    assert [count for _, count, _ in machine.calls] == [2000, 2000, 2000]
    assert runner.sizes == {"a": 2000}


def test_a_run_out_of_time_still_has_two_rounds():
    """Two rounds are always run; further ones only while there is time."""
    machine = FakeMachine()
    runner = Runner(execute=machine, keep=lambda _batch: None, seed=1, may_go_on=lambda: False)
    runner.run([case("a", deadline=True)], rounds=10)
    assert [number for _, _, number in machine.calls] == [-1, 0, 1]
