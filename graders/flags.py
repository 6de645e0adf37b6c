"""What a person should look at: a static look at each answer, said plainly. No flag costs a point.

The look reads the source and runs nothing. It can be evaded, and need not be more than it is: what
an answer may do is bounded by the sandbox, and what it is worth is decided by its numbers alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from IPython.core.inputtransformer2 import TransformerManager
from nbformat.notebooknode import NotebookNode

from backprop_lab.exercises import REGISTRY, Exercise

from .submission import is_answer

MAX_LOOK = 20_000  # characters of one answer; the longest of the course has under 3,000
MAX_FLAGS = 30  # of one notebook, all answers together
_HAVE_DOCSTRINGS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_SMALL = 1e-2  # the largest step that a numerical derivative is taken with


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Modules that no formula needs.
_MODULES = _words(
    "_ctypes _posixsubprocess _thread asyncio atexit builtins code codecs ctypes dill dis faulthandler fcntl "
    "ftplib gc glob http imp importlib inspect io IPython ipykernel joblib marshal mmap multiprocessing "
    "nbformat nbgrader opcode os pathlib pickle pkgutil posix psutil pty requests resource runpy select "
    "shutil signal site smtplib socket socketserver sqlite3 ssl subprocess sysconfig tempfile threading "
    "traceback tracemalloc tokenize urllib weakref webbrowser xmlrpc zipimport graders"
)
_DIFFERENTIATE = _words("autograd jax sympy tensorflow tinygrad torch casadi numdifftools micrograd")
_SYS = _words(
    "_getframe _current_frames modules meta_path path path_hooks settrace setprofile displayhook excepthook "
    "unraisablehook addaudithook argv __stdout__ __stderr__ __stdin__ stdout.buffer exit"
)
_ENGINE = _words("vjp jvp jacobian hessian grad value_and_grad check_gradients")
_FRAMES = _words(
    "f_back f_locals f_globals tb_frame tb_next gi_frame cr_frame ag_frame __subclasses__ __globals__ "
    "__closure__ __code__ __builtins__ __mro__ __bases__ __loader__ __spec__"
)
_OVERLOADS = _words(
    "__eq__ __ne__ __array__ __array_ufunc__ __array_function__ __array_finalize__ __array_wrap__ "
    "__array_interface__ __reduce__ __reduce_ex__ __getstate__ __instancecheck__ __class__ __getattribute__ "
    "__del__"
)
_BUILTINS = {
    "eval": "runs text as code (eval)",
    "exec": "runs text as code (exec)",
    "compile": "runs text as code (compile)",
    "__import__": "imports by name (__import__)",
    "open": "opens files",
    "globals": "reaches for all names (globals)",
    "get_ipython": "speaks to the notebook's shell (get_ipython)",
    "breakpoint": "starts a debugger",
    "__builtins__": "reaches for Python's builtins",
}
_PLACES = re.compile(
    r"/proc\b|/etc/|/dev/shm|/home/|/root\b|/sandbox/|gradebook|nbgrader|\.ipynb|submitted/|autograded|"
    r"BACKPROP_LAB|assert_|auto_score|misconception",
)
_ACTIVE = re.compile(r"<\s*(?:script|iframe|object|embed)\b|\bon\w+\s*=|javascript:|data:text/html", re.I)


def look(notebook: NotebookNode) -> list[str]:
    """A sentence for each answer of a rebuilt notebook that a person should look at."""
    cells = [cell for cell in notebook.cells if is_answer(cell)]
    # The set-up cell's imports are known in every cell after it.
    given = "\n".join(c.source for c in notebook.cells if "setup" in c.metadata.get("tags", []))
    said = []
    for cell in cells:
        name = cell.metadata.nbgrader.grade_id
        if cell.cell_type != "code":
            if _ACTIVE.search(cell.source):
                said.append(f"The written answer {name} holds HTML that would run code in a browser.")
            continue
        found = remarks(cell.source, name, given)
        if found:
            said.append(f"The answer to {name} {_listed(found)}.")
    return said[:MAX_FLAGS]


def remarks(source: str, exercise: str, given: str = "") -> list[str]:
    """What is remarkable in one answer, each the end of a sentence about it.

    >>> remarks("import os\\ndef exp_backward(delta, x):\\n    os._exit(0)", "exp_backward")
    ['imports os']
    >>> remarks("def exp_backward(delta, x):\\n    return delta * np.exp(x)", "exp_backward")
    []
    """
    if len(source) > MAX_LOOK:
        return [f"is {len(source):,} characters long"]
    tree, known = _parse(source), _parse(given)
    if tree is None:
        return []  # it does not run either
    aliases = _aliases(known) | _aliases(tree) if known else _aliases(tree)
    mine = REGISTRY.get(exercise)
    numerical = mine is not None and "numerical" in mine.name
    found = [
        *_imports(tree),
        *_patches(tree, aliases),
        *_names(tree, aliases),
        *([] if mine is not None and _may_differentiate(mine) else _engine(tree, aliases)),
        *_overloads(tree),
        *_shell_lines(source),
        *([] if numerical else _differences(tree)),
    ]
    return list(dict.fromkeys(found))


def _may_differentiate(exercise: Exercise) -> bool:
    """Whether the engine is a tool of the exercise, not what is asked for."""
    return exercise.assignment.startswith("07") or exercise.name == "train_network"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _parse(source: str) -> ast.Module | None:
    try:
        plain = TransformerManager().transform_cell(source)
        return ast.parse(plain)
    except Exception:  # anything can stand in a cell; MemoryError is how the parser says "nested too deep"
        return None


def _aliases(tree: ast.Module) -> dict[str, str]:
    """What each imported name stands for: np -> numpy."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                if name.asname:
                    found[name.asname] = name.name
                else:
                    found[name.name.split(".")[0]] = name.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                found[name.asname or name.name] = f"{node.module}.{name.name}"
    return found


def _dotted(node: ast.AST, aliases: dict[str, str]) -> str:
    """numpy.testing.assert_equal for np.testing.assert_equal; "" for what is no dotted name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([aliases.get(node.id, node.id), *reversed(parts)])


def _imports(tree: ast.Module) -> Iterator[str]:
    modules: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.append(node.module)
    roots = dict.fromkeys(module.split(".")[0] for module in modules)
    strange = [root for root in roots if root in _MODULES]
    if strange:
        yield f"imports {_listed(strange)}"
    for root in roots:
        if root in _DIFFERENTIATE:
            yield f"imports {root}, which differentiates by itself"
    for module in modules:
        if module.startswith(("backprop_lab.exercises", "backprop_lab.check")):
            yield f"imports {module}, where the expected answers come from"


def _patches(tree: ast.Module, aliases: dict[str, str]) -> Iterator[str]:
    """Attributes of modules, or of the shell, that are given a new value."""
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            targets = [node.target]
        elif isinstance(node, ast.Delete):
            targets = node.targets
        elif isinstance(node, ast.Call) and _dotted(node.func, aliases) in ("setattr", "delattr"):
            owner = _dotted(node.args[0], aliases) if node.args else ""
            if owner.split(".")[0] in {name.split(".")[0] for name in aliases.values()}:
                yield f"patches {owner}"
        for target in _unpacked(targets):
            name = _dotted(target, aliases) if isinstance(target, ast.Attribute) else ""
            root = name.split(".")[0]
            if root in {full.split(".")[0] for full in aliases.values()}:
                yield f"patches {name}"


def _unpacked(targets: Iterable[ast.expr]) -> Iterator[ast.expr]:
    for target in targets:
        if isinstance(target, (ast.Tuple, ast.List)):
            yield from _unpacked(target.elts)
        else:
            yield target.value if isinstance(target, ast.Starred) else target


def _names(tree: ast.Module, aliases: dict[str, str]) -> Iterator[str]:
    docstrings = _docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in _BUILTINS and node.id not in aliases:
            yield _BUILTINS[node.id]
        elif isinstance(node, ast.Attribute):
            name = _dotted(node, aliases)
            if name.startswith("sys.") and name.removeprefix("sys.").split(".")[0] in _SYS:
                yield f"uses sys.{name.split('.')[1]}"
            if node.attr in _FRAMES:
                yield f"walks the interpreter's insides ({node.attr})"
            if name.startswith("numpy.testing"):
                yield "uses numpy.testing"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            place = _PLACES.search(node.value)
            if place:
                yield f"mentions {place[0]!r}"


def _docstrings(tree: ast.Module) -> set[int]:
    """The nodes that are docstrings, by id."""
    first = [n.body[0] for n in ast.walk(tree) if isinstance(n, _HAVE_DOCSTRINGS) and n.body]
    return {id(statement.value) for statement in first if isinstance(statement, ast.Expr)}


def _engine(tree: ast.Module, aliases: dict[str, str]) -> Iterator[str]:
    """Calls of the course's own derivatives, by whatever name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "reference":
            yield "reads an exercise's reference"
        if not isinstance(node, ast.Call):
            continue
        name = _dotted(node.func, aliases)
        if name.startswith("backprop_lab.") and name.split(".")[-1] in _ENGINE:
            yield f"calls the engine's own {name.split('.')[-1]}"
        elif (
            isinstance(node.func, ast.Attribute)
            and node.func.attr == "backward"
            and "Graph" in ast.dump(tree)
        ):
            yield "lets the engine differentiate (Graph.backward)"


def _overloads(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        own = {part.name for part in node.body if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef))}
        own |= {
            t.id for p in node.body if isinstance(p, ast.Assign) for t in p.targets if isinstance(t, ast.Name)
        }
        strange = sorted(own & _OVERLOADS)
        if strange:
            yield f"makes a class with its own {_listed(strange)}"


def _shell_lines(source: str) -> Iterator[str]:
    if re.search(
        r"^\s*(?:!|%%(?:bash|sh|script|perl|ruby|javascript|js|html)\b|%(?:sx|system|run)\b)", source, re.M
    ):
        yield "runs shell commands"


# ---------------------------------------------------------------- numerical differences


def _differences(tree: ast.Module) -> Iterator[str]:
    """A small step that is added to something and divided by."""
    steps = _steps(tree)
    added, divided = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            added |= _steps_in([node.left, node.right], steps)
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Add, ast.Sub)):
            added |= _steps_in([node.value], steps)
        elif isinstance(node, ast.Assign) and any(isinstance(t, ast.Subscript) for t in node.targets):
            added |= _steps_in([node.value], steps)  # e[i] = h, to be added whole
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            divided |= _steps_in([node.right], steps)
    for step in sorted(added & divided):
        yield f"looks like a numerical derivative (it adds the step {step} and divides by it)"


def _small(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is float and 0 < node.value <= _SMALL


def _steps(tree: ast.Module) -> set[str]:
    """Names given a small number."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and (_small(node.value) or _is_power(node.value)):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, (ast.FunctionDef, ast.Lambda)):
            arguments = [*node.args.posonlyargs, *node.args.args]
            given = zip(reversed(arguments), reversed(node.args.defaults), strict=False)
            found |= {argument.arg for argument, default in given if _small(default)}
    return found


def _is_power(node: ast.AST) -> bool:
    """10**-5"""
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Pow)
        and isinstance(node.left, ast.Constant)
        and isinstance(node.right, ast.UnaryOp)
        and isinstance(node.right.op, ast.USub)
    )


def _steps_in(nodes: Iterable[ast.AST], steps: set[str]) -> set[str]:
    """Steps that are terms or factors of an expression: h, 2 * h, 1e-5 * e."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            found |= _steps_in([node.left, node.right], steps)
        elif isinstance(node, ast.Name) and node.id in steps:
            found.add(node.id)
        elif _small(node):
            assert isinstance(node, ast.Constant)
            found.add(repr(node.value))
    return found
