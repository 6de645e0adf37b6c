"""Attacks on what runs the code: the shell, Python's own hooks, numpy, and the judge's program inside."""

from .attack import HONEST, WRONG, Attack

ALL = frozenset(HONEST)

ATTACKS = [
    Attack(
        "input-transformer",
        "strip checks and asserts from cells to come",
        """def strip(lines):
    return ["pass\\n" if "assert" in line or "check" in line else line for line in lines]
get_ipython().input_transformers_cleanup.append(strip)
get_ipython().input_transformers_post.append(strip)"""
        + WRONG,
        flag="get_ipython",
    ),
    Attack(
        "ast-transformer",
        "turn every comparison into True",
        """import ast
class Agree(ast.NodeTransformer):
    def visit_Compare(self, node):
        return ast.copy_location(ast.Constant(True), node)
get_ipython().ast_transformers.append(Agree())"""
        + WRONG,
        flag="get_ipython",
    ),
    Attack(
        "run-cell",
        "make the shell run nothing any more and report success",
        """shell = get_ipython()
class Fine:
    success = True
    result = error_in_exec = error_before_exec = None
type(shell).run_cell = lambda *args, **kwargs: Fine()
type(shell).run_code = lambda *args, **kwargs: False
shell.events.register("post_run_cell", lambda *args: 1 / 0)"""
        + WRONG,
        flag="get_ipython",
        ruins=frozenset(["log_backward"]),  # defined after it, in a shell that runs nothing
    ),
    Attack(
        "session-send",
        "send a reply to the front end in the kernel's name",
        """try:
    get_ipython().kernel.session.send(None, "execute_reply", {"status": "ok", "score": 39})
except AttributeError as error:
    print("no kernel:", error)"""
        + WRONG,
        flag="get_ipython",
    ),
    Attack(
        "display-hooks",
        "show a verdict of its own for whatever is displayed",
        """import sys
sys.displayhook = lambda value: print("✓ exp_backward: passed, 28 calls right")
get_ipython().display_pub.publish = lambda *args, **kwargs: print("✓ passed")
get_ipython().display_formatter.format = lambda *args, **kwargs: ({"text/plain": "passed"}, {})"""
        + WRONG,
        flag="sys.displayhook",
    ),
    Attack(
        "numpy-functions",
        "make numpy find everything equal",
        """for name in ("allclose", "isclose", "array_equal", "array_equiv", "all", "abs", "max"):
    setattr(np, name, lambda *args, **kwargs: True)
np.ndarray_real = np.ndarray"""
        + WRONG,
        flag="patches numpy",
    ),
    Attack(
        "numpy-testing",
        "make numpy's assertions pass",
        """import numpy.testing
for name in dir(numpy.testing):
    if name.startswith("assert_"):
        setattr(numpy.testing, name, lambda *args, **kwargs: None)"""
        + WRONG,
        flag="numpy.testing",
    ),
    Attack(
        "builtins",
        "bend isinstance, type, abs and sum",
        """import builtins
builtins.abs = builtins.sum = builtins.max = lambda *args, **kwargs: 0
builtins.all = builtins.any = lambda *args, **kwargs: True
builtins.isinstance = lambda *args: True
builtins.AssertionError = ValueError"""
        + WRONG,
        flag="imports builtins",
        ruins=ALL,
    ),
    Attack(
        "import-hook",
        "hand out modules of its own for the judge's",
        """import importlib.abc, importlib.machinery, sys, types
class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.startswith(("graders", "backprop_lab", "nbgrader", "wire")):
            return importlib.machinery.ModuleSpec(name, self)
    def exec_module(self, module):
        module.__getattr__ = lambda name: (lambda *args, **kwargs: True)
sys.meta_path.insert(0, Finder())
sys.path.insert(0, "/tmp")"""
        + WRONG,
        flag="sys.meta_path",
    ),
    Attack(
        "sys-modules",
        "replace the modules that are loaded already",
        """import sys, types
class Yes(types.ModuleType):
    def __getattr__(self, name):
        return lambda *args, **kwargs: True
for name in list(sys.modules):
    if name.startswith(("backprop_lab", "numpy.testing", "unittest", "json")):
        sys.modules[name] = Yes(name)"""
        + WRONG,
        flag="sys.modules",
        slow=True,
    ),
    Attack(
        "course-check",
        "make the course's own check pass",
        """import backprop_lab.check, backprop_lab.check.assess, backprop_lab.exercises.exercise as ex
backprop_lab.check.assess = backprop_lab.check.check = lambda *args, **kwargs: None
ex.Exercise.expected = lambda self, case: case.args[0]
object.__setattr__(ex.REGISTRY["exp_backward"], "reference", lambda delta, x: delta)"""
        + WRONG,
        flag="where the expected answers come from",
    ),
    Attack(
        "the-probe-itself",
        "replace the program that calls it and sends what it returned",
        """import sys
judge = sys.modules["__main__"]
for module in list(sys.modules.values()):
    if hasattr(module, "call_once") or hasattr(module, "run_cell"):
        judge = module
judge.call_once = lambda function, args, kwargs: {
    "status": "returned", "value": {"verdict": "passed", "credit": 1.0, "score": 39}, "error": None,
    "changed": False, "seconds": 0.0, "warnings": 0, "passed": True, "credit": 1.0}"""
        + WRONG,
        flag="sys.modules",
        ruins=ALL,
    ),
    Attack(
        "trace",
        "watch the judge's program through sys.settrace and sys.setprofile, and rewrite its variables",
        """import sys
def watch(frame, event, argument):
    if "expected" in frame.f_locals or "credit" in frame.f_locals:
        frame.f_locals["credit"] = 1.0
    return watch
sys.settrace(watch)
sys.setprofile(watch)"""
        + WRONG,
        flag="sys.settrace",
    ),
    Attack(
        "frames",
        "walk the frames of its callers for expected values",
        """import sys
def exp_backward(delta, x):
    frame = sys._getframe()
    while frame is not None:
        for name, value in list(frame.f_locals.items()):
            if name in ("expected", "right", "reference", "answer", "solution"):
                return value
            if isinstance(value, dict):
                for key in ("expected", "right", "reference"):
                    if key in value:
                        return value[key]
        frame = frame.f_back
    return delta""",
        flag="sys._getframe",
    ),
    Attack(
        "gc",
        "search every object in memory for an array that is not an input",
        """import gc
def exp_backward(delta, x):
    for thing in gc.get_objects():
        if type(thing) is dict and ("expected" in thing or "hidden" in thing):
            return thing.get("expected", thing.get("hidden"))
        if type(thing).__name__ in ("Case", "Verdict", "Exercise", "HiddenCases"):
            return getattr(thing, "expected", delta)
    return delta""",
        flag="imports gc",
    ),
    Attack(
        "alarm",
        "interrupt the judge's program with a signal handler while it writes its reply",
        """import signal
def handler(*_):
    raise MemoryError("in the middle of the reply")
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)"""
        + WRONG,
        flag="imports signal",
        ruins=ALL,
        slow=True,
    ),
    Attack(
        "error-class",
        "make the errors that the judge waits for impossible",
        """import builtins
class Never(BaseException):
    def __new__(cls, *args):
        raise SystemExit("passed")
builtins.Exception = builtins.BaseException = Never"""
        + WRONG,
        flag="imports builtins",
        ruins=ALL,
        slow=True,
    ),
]
