"""What `check` says: right answers pass, wrong ones are named, misuse gets a sentence."""

import numpy as np
import pytest

from backprop_lab.check import Answer, CheckFailed, Verdict, assess, check, hint, verdict_on
from backprop_lab.check.display import card
from backprop_lab.check.run import call_all
from backprop_lab.exercises import CATALOGUE, REGISTRY, Case, UnknownExerciseError
from graders.sample_class import MISTAKES, function_in
from tests.answers import RIGHT

WRONG = [
    pytest.param(exercise, wrong, id=f"{exercise.name}-{k}-{wrong.misconception}")
    for exercise in REGISTRY.values()
    for k, wrong in enumerate(exercise.wrong)
]


def function(source, name=None):
    """The function a cell defines."""
    namespace = {"np": np}
    exec(source, namespace)
    return namespace[name or function_in(source)]


def verdict_for(exercise, f, seed=0):
    cases = exercise.battery(seed)
    return assess(exercise, cases, call_all(exercise, f, cases))


RIGHT_ANSWERS = [
    pytest.param(REGISTRY[name], source, id=f"{name}-{k}")
    for name, sources in RIGHT.items()
    for k, source in enumerate(sources)
]


def test_every_exercise_has_right_answers():
    assert set(RIGHT) == set(REGISTRY)


@pytest.mark.parametrize(("exercise", "source"), RIGHT_ANSWERS)
def test_right_answers_pass_however_written(exercise, source):
    f = function(source, exercise.name)
    assert all(verdict_for(exercise, f, seed).passed for seed in range(3))


@pytest.mark.slow
@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass_on_a_thousand_seeds(name):
    exercise = REGISTRY[name]
    functions = [function(source, name) for source in RIGHT[name]]
    # Training a network takes a second and judges by accuracy: a thousand would take an hour.
    for seed in range(1000 if exercise.seconds <= 2 else 10):
        cases = exercise.battery(seed)  # shared, so that what is expected is computed once
        for k, f in enumerate(functions):
            verdict = assess(exercise, cases, call_all(exercise, f, cases))
            assert verdict.passed, f"seed {seed}, formulation {k}\n{verdict}"


@pytest.mark.parametrize(("exercise", "wrong"), WRONG)
def test_every_wrong_answer_is_caught_and_named(exercise, wrong):
    for seed in range(5):
        verdict = verdict_for(exercise, wrong.function, seed)
        assert not verdict.passed
        assert verdict.misconception == wrong.misconception


@pytest.mark.parametrize("misconception", MISTAKES)
def test_every_mistake_of_the_sample_class_is_named(misconception):
    source = MISTAKES[misconception]
    verdict = verdict_on(function(source))
    assert verdict.misconception == misconception
    assert CATALOGUE[misconception].hint in str(verdict)


def test_every_misconception_of_the_catalogue_is_met_by_an_exercise_or_a_pattern():
    met = {wrong.misconception for exercise in REGISTRY.values() for wrong in exercise.wrong}
    assert set(CATALOGUE) - met <= {"accumulates", "edits-inputs", "transposed"}


def test_hints_do_not_give_the_answer_away():
    for exercise in REGISTRY.values():
        assert len(exercise.hints) >= 2
        for text in exercise.hints:
            assert "return " not in text


def test_credit_needs_the_formula():
    tie = function(MISTAKES["tie"])
    assert verdict_on(tie).credit == pytest.approx(0.8)
    assert verdict_on(function(MISTAKES["exp-slip"])).credit == 0.0


def test_an_untouched_stub_is_not_written_yet():
    def add_backward(delta, a, b):
        raise NotImplementedError

    with pytest.raises(CheckFailed, match="not written yet"):
        check(add_backward)


def test_a_stub_is_not_confused_with_a_failing_answer():
    def add_backward(delta, a, b):
        raise ValueError("no")

    verdict = verdict_on(add_backward)
    assert verdict.status == "failed"
    assert "ValueError: no" in str(verdict)
    assert "line" in verdict.findings[0].problem


def test_an_input_edited_in_place_is_reported_even_where_the_values_are_right():
    verdict = verdict_on(function(MISTAKES["edits-inputs"]))
    assert verdict.groups["values"]
    assert not verdict.groups["manners"]


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (lambda d, a, b: None, "returned None instead of (da, db): is the return missing?"),
        (lambda d, a, b: d, "returned one array of shape (3, 4); expected a tuple of 2: (da, db)."),
        (lambda d, a, b: (d, d, d), "returned 3 values; expected 2"),
        (lambda d, a, b: (d, "delta"), "db is a str; expected a number or an array"),
        (lambda d, a, b: (d, None), "db is None"),
        (lambda d, a, b: (d + 1j, d), "da is an array of complex128"),
        (lambda d, a, b: {"da": d}, "returned a dict"),
        (lambda d, a, b: (x for x in (d, d)), "returned a generator"),
        (lambda d, a, b: (np.sum(d), d), "da has the wrong shape"),
        (lambda d, a, b: (np.ravel(d), d), "da has the wrong shape"),
        (lambda d, a, b: (np.full(np.shape(d), np.nan), d), "da is wrong in 12 of 12 entries"),
    ],
)
def test_a_wrong_kind_of_answer_gets_a_sentence(returned, said):
    returned.__name__ = "add_backward"
    assert said in str(verdict_on(returned))


def test_an_object_that_resists_becoming_numbers_is_refused():
    class Equal:
        def __array__(self, *args, **kwargs):
            raise RuntimeError("never")

        def __eq__(self, other):
            return True

        __hash__ = None

    def add_backward(delta, a, b):
        return Equal(), Equal()

    assert "da is an Equal; expected a number" in str(verdict_on(add_backward))


def test_float32_answers_pass():
    def multiply_backward(delta, a, b):
        return np.float32(delta * b), np.float32(delta * a)

    assert verdict_on(multiply_backward).passed


def test_the_finding_shows_the_worst_entry_and_what_went_in():
    def square_backward(delta, x):
        out = np.asarray(2 * x * delta)
        if out.shape == (3, 4):
            out[1, 2] += 5
        return out

    verdict = verdict_on(square_backward)
    details = "\n".join(verdict.findings[0].details)
    assert "dx[1, 2]: yours " in details
    assert "there delta = " in details


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (lambda delta, x: x, "No exercise of the course is called '<lambda>'"),
        ("add_backward", "check takes the function itself"),
    ],
)
def test_what_is_no_exercise_gets_a_sentence(f, said):
    with pytest.raises(UnknownExerciseError, match=said):
        check(f)


def test_a_misspelt_name_is_guessed():
    def add_backwards(delta, a, b):
        return delta, delta

    with pytest.raises(UnknownExerciseError, match="Did you mean add_backward"):
        check(add_backwards)


def test_wrong_arguments_get_a_sentence():
    def add_backward(delta, a):
        return delta, delta

    with pytest.raises(CheckFailed, match=r"must take 3 arguments, add_backward\(delta, a, b\); yours is"):
        check(add_backward)


def test_a_failed_check_has_no_wall_of_traceback():
    with pytest.raises(CheckFailed) as failed:
        check(function(MISTAKES["exp-slip"]))
    assert failed.value._render_traceback_() == [
        "CheckFailed: exp_backward: the derivative of exp is not exp(x)"
    ]


def test_hints_come_in_increasing_strength_and_the_last_one_stays(capsys):
    for _ in range(5):
        hint("log_backward")
    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in said] == [f"Hint {k} of 3" for k in (1, 2, 3, 3, 3)]


def test_a_verdict_survives_the_gradebook():
    verdict = verdict_on(function(MISTAKES["tie"]))
    assert Verdict.from_dict(verdict.to_dict()) == verdict


def test_the_card_escapes_what_a_student_returned():
    def add_backward(delta, a, b):
        raise ValueError("<script>alert(1)</script>")

    html = card(verdict_on(add_backward))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_hidden_cases_show_no_numbers():
    exercise = REGISTRY["square_backward"]
    cases = [Case("a hidden case", "values", (1.0, 3.0), hidden=True)]
    verdict = assess(exercise, cases, [Answer("returned", 5.0)])
    assert "5" not in str(verdict)
    assert "6" not in str(verdict)


@pytest.mark.parametrize("exercise", REGISTRY.values(), ids=REGISTRY)
def test_every_case_has_the_arguments_of_the_exercise(exercise):
    for case in exercise.battery(0):
        assert len(case.args) == len(exercise.arguments)
        assert case.group in exercise.weights
        exercise.expected(case)


@pytest.mark.parametrize("exercise", REGISTRY.values(), ids=REGISTRY)
def test_the_reference_leaves_its_inputs_alone(exercise):
    answers = call_all(exercise, exercise.reference, exercise.battery(0))
    assert not any(answer.changed for answer in answers)


def test_delta_is_signed_and_not_constant():
    for exercise in REGISTRY.values():
        if exercise.arguments[0] != "delta":
            continue
        delta = exercise.battery(0)[0].args[0]
        assert (delta > 0).any()
        assert (delta < 0).any()


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SystemExit(0), "SystemExit: 0"),
        (SystemExit(), "    SystemExit"),
        (BaseException("all of it"), "BaseException: all of it"),
        (Unspeakable(), "Unspeakable: (its message cannot be shown)"),
        (ValueError("\ud800"), r"ValueError: \ud800"),
    ],
)
def test_whatever_is_raised_is_a_line_of_the_verdict(error, said):
    def add_backward(delta, a, b):
        raise error

    text = str(verdict_on(add_backward))
    assert said in text
    assert not any(line.endswith(": ") for line in text.splitlines())
    assert text.encode()  # can be printed


def test_the_interrupt_of_the_user_is_not_an_answer():
    def add_backward(delta, a, b):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verdict_on(add_backward)


def test_a_function_is_judged_as_the_exercise_it_is_said_to_answer():
    assert verdict_on(lambda delta, a, b: (delta, delta), "add_backward").passed


def test_what_a_function_prints_is_shown_up_to_a_limit(capsys):
    def add_backward(delta, a, b):
        print("x" * 10_000)
        return delta, delta

    check(add_backward)
    said = capsys.readouterr().out
    assert len(said) < 2200
    assert "more characters that your function printed are not shown" in said
    assert "✓ add_backward: passed" in said


def test_a_little_print_is_shown_as_it_is(capsys):
    def square_backward(delta, x):
        print("here")
        return 2 * x * delta

    check(square_backward)
    said = capsys.readouterr().out
    assert said == "here\n" * said.count("here") + "✓ square_backward: passed, 9 calls right\n"
