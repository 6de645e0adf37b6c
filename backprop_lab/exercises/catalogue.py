"""The named mistakes: what students really write, why it is wrong, and where to look next.

A hint never contains the answer. The numbers are stable, so that reports of
different years can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Misconception:
    """A wrong idea behind a wrong answer.

    Attributes:
        key: short name, stable.
        number: its number in the catalogue.
        title: the mistake in a few words.
        explanation: one sentence on why it is wrong.
        hint: one sentence on what to do about it, without the solution.
    """

    key: str
    number: int
    title: str
    explanation: str
    hint: str


_ENTRIES = (
    Misconception(
        "transposed",
        1,
        "a gradient is transposed",
        "The numbers are right and stand in the wrong order: rows and columns are exchanged.",
        "A gradient has the shape of the thing it is the gradient of; write out one entry to see its place.",
    ),
    Misconception(
        "upstream-ignored",
        5,
        "the upstream gradient is ignored",
        "What came back is the local derivative alone; it does not change when delta changes.",
        "Double delta in your head: by the chain rule every gradient you return must double too.",
    ),
    Misconception(
        "mask-from-delta",
        6,
        "the mask is taken from delta",
        "Where the gradient may pass is decided by the inputs of the forward pass, not by the sign of delta.",
        "Ask which array the forward pass compared.",
    ),
    Misconception(
        "tie",
        7,
        "the tie goes the wrong way",
        "At a tie there is no derivative, so a convention decides; here a tie sends the gradient to a.",
        "Try a = b: exactly one of the two gradients should be delta.",
    ),
    Misconception(
        "forward-again",
        8,
        "the forward value is used in place of the derivative",
        "The output of the function multiplies delta where its derivative should.",
        "Write down the derivative of the function on paper first, then multiply it by delta.",
    ),
    Misconception(
        "sigmoid-slip",
        9,
        "x(1 − x) on the pre-activation, or a sigmoid too many or too few",
        "The short form s(1 − s) is for the output s = sigmoid(x), not for x, and sigmoid is applied once.",
        "Compute s from x first and look at which symbol your formula really uses.",
    ),
    Misconception(
        "exp-slip",
        11,
        "the derivative of exp is not exp(x)",
        "The exponential is its own derivative, evaluated at the input x.",
        "At x = 0 the slope of exp is 1. What does your formula give there?",
    ),
    Misconception(
        "log-or-reciprocal-slip",
        12,
        "1/x and log x: upside down, a sign lost, or a square lost",
        "The derivative of log x is one over x; that of 1/x is negative and has x squared below.",
        "Check the sign against the picture of the function: is it rising or falling? Then check x = 2.",
    ),
    Misconception(
        "off-by-factor",
        15,
        "off by a constant factor",
        "Your answer is the right one times the same number everywhere.",
        "Look for a forgotten 2, a ½, or a minus sign in the local derivative.",
    ),
    Misconception(
        "sign-flipped",
        15,
        "the sign is flipped",
        "Your answer is exactly the negative of the gradient.",
        "Differentiate the inside of the bracket too: does the variable enter with a plus or a minus?",
    ),
    Misconception(
        "swapped",
        16,
        "the gradients of the inputs are swapped",
        "Each value is right, but it is returned in the place of another input's gradient.",
        "Return the gradients in the order of the arguments.",
    ),
    Misconception(
        "wrong-gate",
        16,
        "the pattern of another gate",
        "Add passes delta on, multiply exchanges its inputs, max chooses one; these are mixed up here.",
        "Nudge one input by 0.01 and ask by how much the output moves.",
    ),
    Misconception(
        "accumulates",
        19,
        "the answer changes from call to call",
        "The first call was right and the same call again was not: something is remembered between calls.",
        "A backward function is pure: keep no list, counter or array outside it.",
    ),
    Misconception(
        "edits-inputs",
        21,
        "an input is edited in place",
        "delta and the inputs belong to the caller, who needs them for the other branches of the graph.",
        "Make a new array (delta * mask) where you write into the old one (delta *= mask, delta[...] = ...).",
    ),
    Misconception(
        "unstable",
        30,
        "overflow at large inputs",
        "The formula is right on paper but computes inf/inf or 0·inf where the numbers are large.",
        "Express the derivative through the output of the function, which stays between 0 and 1.",
    ),
    Misconception(
        "link-missing",
        33,
        "a link of the chain is missing",
        "One local derivative between the loss and this variable was left out of the product.",
        "Walk from the loss down to the variable and write one factor for every node you pass.",
    ),
    Misconception(
        "wrong-path",
        34,
        "the derivative along another variable's path",
        "The product is that of a different variable of the same chain.",
        "Mark in the picture where this variable enters, and start the product there.",
    ),
    Misconception(
        "likelihood",
        35,
        "the gradient of the log-likelihood, not of the loss",
        "The loss is the negative of the log-likelihood, so its gradient has the opposite sign.",
        "If sigmoid(w · x) is too small, the loss must fall as w moves along x: which sign is that?",
    ),
    Misconception(
        "overwrite",
        17,
        "one path is counted where several lead",
        "The variable is used in more than one place, and only the last of its uses is in your answer.",
        "Count the arrows that leave this variable: each brings one contribution back, and contributions add.",
    ),
    Misconception(
        "used-twice-once",
        17,
        "a node that uses the same input twice is counted once",
        "In x · x the same node stands on both sides: two edges, hence two contributions.",
        "Walk over the positions of the inputs, not over the different nodes among them.",
    ),
    Misconception(
        "no-order",
        18,
        "a node is handled before the nodes it has to wait for",
        "A node's number is final only when everything it depends on is done; here some come too early.",
        "Before you handle a node, ask which other nodes must be finished. Try it on b = k·a, e = (n·b)(b + m).",
    ),
    Misconception(
        "back-to-front",
        18,
        "the order is back to front",
        "Users come before their inputs: the right order for the way back, not for the way forward.",
        "The first name in the list must be one that can be computed without any other node.",
    ),
    Misconception(
        "aliased",
        22,
        "two gradients share one array",
        "Two names stand for one array in memory, so adding to one of them changes the other as well.",
        "Writing g = delta makes no copy. Find the += and ask who else holds that array.",
    ),
    Misconception(
        "paths-mixed",
        32,
        "sums and products of the paths are exchanged",
        "Along a path the rates multiply; different paths add.",
        "Try two paths of unequal length, with rates 2, 3 and 5, and do it by hand.",
    ),
    Misconception(
        "not-one-at-the-start",
        36,
        "the backward pass does not start with 1",
        "The output changes exactly as much as the output changes: its own gradient is 1.",
        "What is de/de? That number is the first one of the backward pass.",
    ),
    Misconception(
        "misprint",
        37,
        "the lecture's misprint: b + 2",
        "The slide prints (b + 2) for the rate along one path; its total at a = 2, b = 1 gives it away.",
        "The rate of c·d with respect to c is the value of d. What is d here?",
    ),
    Misconception(
        "counts-no-paths",
        38,
        "nodes or edges are counted, not paths",
        "A path is a whole way from a variable to the output; several paths can share an edge.",
        "In two diamonds in a row there are 8 edges, and still only 4 ways from one end to the other.",
    ),
    Misconception(
        "listed-twice",
        39,
        "a node is listed more than once",
        "A node that is reached by two paths is listed for each of them; it is one node and is computed once.",
        "Keep a record of the nodes you have already listed, and look there first.",
    ),
)

CATALOGUE: dict[str, Misconception] = {entry.key: entry for entry in _ENTRIES}
