"""The judge on single submissions: fail closed, replay, and believe nothing."""

import time

import pytest

from backprop_lab.exercises import REGISTRY
from graders import judge as judging
from graders.hidden import HIDDEN, all_cases
from graders.judge import Judgement, judge
from graders.sample_class import PLAIN, answered
from graders.sandbox import IsolationError, Limits, isolation_level
from graders.submission import Rebuilt

QUICK = Limits(cell_seconds=1.0, call_seconds=0.5)


@pytest.fixture
def judged(released):
    def run(isolation="auto", own_names=(), **answers) -> Judgement:
        notebook = answered(released, PLAIN | answers)
        return judge(Rebuilt(notebook, own_names=list(own_names)), seed=7, isolation=isolation, limits=QUICK)

    return run


def wrong(judgement):
    return {name for name, verdict in judgement.verdicts.items() if not verdict.passed}


def test_every_exercise_has_hidden_cases_that_the_reference_passes():
    assert set(HIDDEN) == set(REGISTRY)
    for exercise in REGISTRY.values():
        cases = all_cases(exercise, seed=3)
        assert any(case.hidden for case in cases)
        for case in cases:
            exercise.expected(case)


def test_seeds_are_reproducible_and_fresh(judged, released):
    exercise = REGISTRY["exp_backward"]
    first, again, other = (all_cases(exercise, seed)[0].args[0] for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
    rebuilt = Rebuilt(answered(released, {}))
    assert judge(rebuilt, limits=QUICK).seed != judge(rebuilt, limits=QUICK).seed


@pytest.mark.parametrize("isolation", ["auto", "none"])
def test_right_answers_pass(judged, isolation):
    assert not wrong(judged(isolation))


def test_a_cell_that_hangs_costs_its_own_exercise_only(judged):
    judgement = judged(exp_backward="while True: pass")
    assert wrong(judgement) == {"exp_backward"}
    assert "did not finish" in judgement.verdicts["exp_backward"].note


def test_a_function_that_ends_the_process_costs_its_own_exercise_only(judged):
    judgement = judged(exp_backward="import os\ndef exp_backward(delta, x):\n    os._exit(0)")
    assert wrong(judgement) == {"exp_backward"}


def test_a_function_that_hangs_on_one_edge_keeps_the_rest(judged):
    source = """def log_backward(delta, x):
    while np.size(x) == 0:
        pass
    return delta / x"""
    verdict = judged(log_backward=source).verdicts["log_backward"]
    assert verdict.groups["values"]
    assert not verdict.groups["shapes"]
    assert 0 < verdict.credit < 1


def test_a_cell_with_a_syntax_error_says_so(judged):
    judgement = judged(exp_backward="def exp_backward(delta, x:\n    return 1")
    assert wrong(judgement) == {"exp_backward"}
    assert judgement.verdicts["exp_backward"].note.startswith("Its cell raised SyntaxError")


def test_a_helper_in_a_cell_of_their_own_is_explained(judged):
    source = "def exp_backward(delta, x):\n    return helper(delta, x)"
    verdict = judged(own_names=["helper"], exp_backward=source).verdicts["exp_backward"]
    assert "'helper' is defined in a cell of your own" in verdict.note


def test_an_answer_for_the_visible_cases_alone_does_not_pass(judged):
    source = """def exp_backward(delta, x):
    if np.shape(x) in [(3, 4), (5,), (2, 3, 5), (3,), (4,), (), (1,), (1, 4), (0, 3)]:
        return delta * np.exp(x)
    return np.zeros(np.shape(x))"""
    verdict = judged(exp_backward=source).verdicts["exp_backward"]
    assert verdict.credit == 0
    assert verdict.findings[0].case == "a hidden case"
    assert not verdict.findings[0].details


ALWAYS_EQUAL = """class Equal(np.ndarray):
    def __eq__(self, other): return np.True_
    def __ne__(self, other): return np.False_
    def __sub__(self, other): return np.zeros(self.shape)
    __rsub__ = __sub__
    def __le__(self, other): return np.True_
    def __array__(self, *args, **kwargs): return np.zeros(self.shape)
    __hash__ = None

def exp_backward(delta, x):
    return np.zeros(np.shape(x)).view(Equal)"""

PATCHES = """import sys, numpy.testing
for name in ("assert_allclose", "assert_array_equal", "assert_equal"):
    setattr(numpy.testing, name, lambda *args, **kwargs: None)
for name in ("allclose", "isclose", "array_equal"):
    setattr(np, name, lambda *args, **kwargs: True)
import backprop_lab.check
backprop_lab.check.assess = backprop_lab.check.check = lambda *args, **kwargs: None
backprop_lab.check.Verdict.passed = True

def exp_backward(delta, x):
    return delta"""

TRANSFORMER = """def strip(lines):
    return ["pass\\n" if "assert" in line or "check(" in line else line for line in lines]
get_ipython().input_transformers_cleanup.append(strip)

def exp_backward(delta, x):
    return delta"""

RUN_CELL = """shell = get_ipython()
shell.run_cell = lambda *args, **kwargs: None
type(shell).run_cell = lambda *args, **kwargs: None

def exp_backward(delta, x):
    return delta"""


@pytest.mark.parametrize("isolation", ["auto", "none"])
@pytest.mark.parametrize(
    "source",
    [ALWAYS_EQUAL, PATCHES, TRANSFORMER, RUN_CELL],
    ids=["equal", "patches", "transformer", "run_cell"],
)
def test_tampering_gains_nothing(judged, source, isolation):
    judgement = judged(isolation, exp_backward=source)
    assert judgement.verdicts["exp_backward"].credit == 0


def test_warnings_and_prints_cost_nothing(judged):
    source = """import sys, warnings
warnings.warn("at import")
print("noise", file=sys.stderr)
def exp_backward(delta, x):
    warnings.warn("in the call"); print("noise"); print("noise", file=sys.stderr)
    return delta * np.exp(x)"""
    judgement = judged(exp_backward=source)
    assert not wrong(judgement)
    assert any(output.get("name") == "stderr" for output in judgement.outputs["exp_backward"])


def test_strict_isolation_is_refused_where_there_is_none(judged, monkeypatch):
    if isolation_level().name == "strict":
        assert judged("strict").isolation == "strict"
    else:
        with pytest.raises(IsolationError):
            judged("strict")


def test_a_submission_has_its_time_and_no_more(judged, monkeypatch):
    monkeypatch.setattr(judging, "BUDGET", 4.0)
    slow = "import time\ndef {0}(delta, *inputs):\n    time.sleep(0.3)\n    return delta, delta"
    names = ("add_backward", "exp_backward", "log_backward", "square_backward", "sigmoid_backward")
    start = time.monotonic()
    judgement = judged(**{name: slow.format(name) for name in names})
    assert time.monotonic() - start < 4.0 + 3.0
    assert set(judgement.verdicts) == {name for name in REGISTRY if name in PLAIN}
    assert "altogether" in str(judgement.verdicts["add_backward"])


def test_an_answer_that_cannot_be_compared_costs_its_own_exercise_only(judged, monkeypatch):
    compare = judging.assess

    def strange(exercise, cases, answers):
        if exercise.name == "exp_backward":
            raise OverflowError
        return compare(exercise, cases, answers)

    monkeypatch.setattr(judging, "assess", strange)
    judgement = judged()
    assert wrong(judgement) == {"exp_backward"}
    assert "could not be compared (OverflowError)" in judgement.verdicts["exp_backward"].note


def test_a_verdict_quotes_no_more_than_a_page_can_show(judged):
    source = "def exp_backward(delta, x):\n    raise ValueError('\\x1b[31m' + '<b>' * 9_000 + '\\u202e\\x00')"
    text = str(judged(exp_backward=source).verdicts["exp_backward"])
    assert len(text) < 2_000
    assert all(sign not in text for sign in "\x1b\x00\u202e")
