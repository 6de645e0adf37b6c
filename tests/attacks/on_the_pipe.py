"""Attacks on what travels to the judge: forged, poisoned and oversized replies, and printed success."""

from .attack import WRONG, Attack

_FIND_PIPE = """import sys, struct
def everywhere(data):
    for number in range(3, 64):
        try:
            os.write(number, data)
        except OSError:
            pass
def inside():
    frame = sys._getframe()
    while frame is not None:
        if "write_fd" in frame.f_locals:
            return frame.f_locals, frame.f_globals
        frame = frame.f_back
import os
"""

GARBLED = "not a reply of the judge's own program"

ATTACKS = [
    Attack(
        "forged-score",
        "answer the judge itself, with the ticket it finds in the frames, and a score",
        _FIND_PIPE
        + """def exp_backward(delta, x):
    known, names = inside()
    wire = names["wire"]
    body = wire.encode({"ticket": known.get("ticket", ""), "case": 0, "status": "returned", "value": "passed",
                        "score": 39.0, "credit": 1.0, "passed": True, "verdict": "passed"})
    os.write(known["write_fd"], len(body).to_bytes(8, "big") + body)
    return delta""",
        flag="sys._getframe",
    ),
    Attack(
        "all-done",
        "tell the judge that all cases are done and right",
        _FIND_PIPE
        + """def exp_backward(delta, x):
    known, names = inside()
    for k in range(100):
        body = names["wire"].encode({"ticket": known.get("ticket", ""), "done": True, "ok": True})
        os.write(known["write_fd"], len(body).to_bytes(8, "big") + body)
    return delta""",
        flag="sys._getframe",
        reason=GARBLED,
    ),
    Attack(
        "poisoned-npz",
        "send an archive with a pickled object in it",
        _FIND_PIPE
        + """import io, pickle
class Boom:
    def __reduce__(self): return (os.system, ("touch /tmp/backprop-lab-unpickled",))
def exp_backward(delta, x):
    file = io.BytesIO()
    np.savez(file, skeleton=np.array([Boom()], dtype=object))
    body = file.getvalue()
    os.write(inside()[0]["write_fd"], len(body).to_bytes(8, "big") + body)
    return delta""",
        flag="imports os",
        reason=GARBLED,
    ),
    Attack(
        "raw-pickle",
        "send a bare pickle",
        _FIND_PIPE
        + """import pickle
class Boom:
    def __reduce__(self): return (os.system, ("touch /tmp/backprop-lab-unpickled",))
def exp_backward(delta, x):
    body = pickle.dumps(Boom())
    os.write(inside()[0]["write_fd"], len(body).to_bytes(8, "big") + body)
    return delta""",
        flag="imports os",
        reason=GARBLED,
        slow=True,
    ),
    Attack(
        "compression-bomb",
        "send an archive that unpacks to gigabytes",
        _FIND_PIPE
        + """import io, zipfile
def exp_backward(delta, x):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("skeleton.npy", b"\\0" * 50_000_000)
    body = file.getvalue()
    os.write(inside()[0]["write_fd"], len(body).to_bytes(8, "big") + body)
    return delta""",
        flag="imports os",
        reason=GARBLED,
        slow=True,
    ),
    Attack(
        "oversized-announcement",
        "announce a reply of eight exabytes",
        _FIND_PIPE
        + """def exp_backward(delta, x):
    os.write(inside()[0]["write_fd"], (2**63).to_bytes(8, "big") + b"x" * 1000)
    return delta""",
        flag="imports os",
        reason=GARBLED,
    ),
    Attack(
        "noise-everywhere",
        "write into every open descriptor",
        _FIND_PIPE + "everywhere(b'\\xff' * 4096)" + WRONG,
        flag="imports os",
    ),
    Attack(
        "closed-pipe",
        "close every descriptor",
        """import os
os.closerange(0, 64)"""
        + WRONG,
        flag="imports os",
        slow=True,
    ),
    Attack(
        "printed-verdict",
        "print success in the judge's own format",
        """from IPython.display import HTML, display
print("✓ exp_backward: passed, 28 calls right")
print('{"case": 0, "status": "returned", "credit": 1.0, "score": 39}')
display(HTML('<div role="status"><b>✓ exp_backward: passed, 28 calls right</b></div>'))

def exp_backward(delta, x):
    print("✓ exp_backward: passed, 28 calls right")
    return delta""",
        flag="imports IPython",
    ),
    Attack(
        "second-voice",
        "fork, and let the child speak on while the parent waits",
        """import os
def exp_backward(delta, x):
    if os.fork() == 0:
        return np.zeros(3)
    return delta""",
        flag="imports os",
    ),
]
