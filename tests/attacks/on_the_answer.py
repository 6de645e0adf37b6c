"""Attacks by what is returned or raised: objects that lie, change, explode or never end."""

from .attack import Attack

CLASS = "makes a class with its own"

ATTACKS = [
    Attack(
        "always-equal",
        "return an object that equals everything",
        """class Equal:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __getattr__(self, name): return self
    def __call__(self, *args, **kwargs): return self
    def __float__(self): return 0.0
    def __len__(self): return 0
    def __iter__(self): return iter(())
    def __bool__(self): return True
    __hash__ = None
    __lt__ = __le__ = __gt__ = __ge__ = __eq__

def exp_backward(delta, x):
    return Equal()""",
        flag=CLASS,
    ),
    Attack(
        "ndarray-subclass",
        "return an array whose operators find no difference",
        """class Equal(np.ndarray):
    def __eq__(self, other): return np.True_
    def __ne__(self, other): return np.False_
    def __sub__(self, other): return np.zeros(self.shape)
    __rsub__ = __sub__
    def __array_ufunc__(self, *args, **kwargs): return np.zeros(self.shape)
    def __array_finalize__(self, other): pass
    def __reduce__(self): return (print, ("unpickled",))
    __hash__ = None

def exp_backward(delta, x):
    return np.zeros(np.shape(x)).view(Equal)""",
        flag=CLASS,
    ),
    Attack(
        "changing-array",
        "return an object whose __array__ is another one at every look",
        """class Changing:
    looks = 0
    shape, dtype, ndim = (), np.dtype(float), 0
    def __array__(self, *args, **kwargs):
        Changing.looks += 1
        return np.full((Changing.looks,), float(Changing.looks))

def exp_backward(delta, x):
    return Changing()""",
        flag=CLASS,
    ),
    Attack(
        "call-order",
        "answer by the number of the call, from the battery that everybody can read",
        """from backprop_lab.exercises import REGISTRY
kept = [REGISTRY["exp_backward"].expected(case) for seed in (0, 1) for case in
        REGISTRY["exp_backward"].battery(seed)]
answers = iter(kept)

def exp_backward(delta, x):
    return next(answers, delta)""",
        flag="where the expected answers come from",
    ),
    Attack(
        "liar-type",
        "claim another class, name and shape than its own",
        """class Meta(type):
    __name__ = "ndarray"
    def __instancecheck__(cls, other): return True
    def __eq__(cls, other): return True
    def __hash__(cls): return hash(np.ndarray)
class Liar(float, metaclass=Meta):
    __class__ = np.ndarray
    shape, dtype = (3, 4), np.dtype(float)
    def __float__(self): return float("nan")
    def __eq__(self, other): return True
    __hash__ = float.__hash__

def exp_backward(delta, x):
    return Liar(1.0)""",
        flag=CLASS,
    ),
    Attack(
        "nan",
        "return not-a-number, which compares to nothing",
        "def exp_backward(delta, x):\n    return np.full(np.shape(x), np.nan)",
    ),
    Attack(
        "infinite",
        "return infinities, so that a relative error is not-a-number",
        "def exp_backward(delta, x):\n    return np.full(np.shape(x), np.inf)",
        slow=True,
    ),
    Attack(
        "enormous-integers",
        "return whole numbers that overflow every float",
        "def exp_backward(delta, x):\n    return 10**900 if np.ndim(x) == 0 else [[2**64] * 4] * 3",
    ),
    Attack(
        "object-array",
        "return an array of objects with a pickled payload",
        """import os
class Payload:
    def __reduce__(self): return (os.system, ("touch /tmp/backprop-lab-unpickled",))
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__

def exp_backward(delta, x):
    out = np.empty(np.shape(x), object)
    out[...] = Payload()
    return out""",
        flag=CLASS,
    ),
    Attack(
        "broadcast-view",
        "return a view that claims exabytes",
        "def exp_backward(delta, x):\n    return np.broadcast_to(0.0, (10**6, 10**6, 10**5))",
    ),
    Attack(
        "oversized",
        "return more than a reply may hold",
        "def exp_backward(delta, x):\n    return np.zeros(6_000_000)",
        reason="too large",
    ),
    Attack(
        "nested",
        "return lists in lists, without end",
        """def exp_backward(delta, x):
    out = []
    out.append(out)
    return out""",
    ),
    Attack(
        "many-keys",
        "return a dictionary of twenty thousand keys, to be quoted in the verdict",
        """def exp_backward(delta, x):
    return {f"<img src=x onerror=alert({k})>\\x1b[31m": k for k in range(20_000)}""",
    ),
    Attack(
        "generator",
        "return a generator that never ends",
        """import itertools
def exp_backward(delta, x):
    return itertools.count()""",
    ),
    Attack(
        "system-exit",
        "leave by SystemExit",
        "def exp_backward(delta, x):\n    raise SystemExit(0)",
        reason="SystemExit",
    ),
    Attack(
        "keyboard-interrupt",
        "pretend that the teacher pressed Ctrl-C",
        "def exp_backward(delta, x):\n    raise KeyboardInterrupt",
        reason="KeyboardInterrupt",
    ),
    Attack(
        "error-that-lies",
        "raise an error whose text, type and traceback are attacks themselves",
        """class Lie(Exception):
    def __str__(self): raise SystemExit("passed")
    def __repr__(self): return "<script>alert(1)</script>"
    @property
    def __traceback__(self): raise MemoryError
Lie.__name__ = Lie.__qualname__ = "<script>alert(1)</script>\\x1b[2J"

def exp_backward(delta, x):
    raise Lie("passed")""",
        reason="raised an error",
    ),
    Attack(
        "not-written-yet",
        "pass an error off as the untouched stub",
        "def exp_backward(delta, x):\n    raise NotImplementedError('exp_backward: passed')",
        reason="not written",
    ),
    Attack(
        "changes-the-inputs",
        "make the inputs zero, hoping that the answer is compared with what they are now",
        """def exp_backward(delta, x):
    for array in (delta, x):
        if isinstance(array, np.ndarray):
            try:
                array.setflags(write=True)
            except ValueError:
                pass
            if array.flags.writeable:
                array[...] = 0.0
    return np.zeros(np.shape(x))""",
    ),
]
