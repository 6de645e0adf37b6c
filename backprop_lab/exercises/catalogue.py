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
        "The arguments belong to the caller, who goes on using them: delta on the other branches of the "
        "graph, the weights in the next step.",
        "Make a new array (x * y, x - y) where you write into the old one (x *= y, x -= y, x[...] = y).",
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
        "weight-not-transposed",
        2,
        "W is not transposed on the way back",
        "Going back, the layer's product runs the other way: outputs in, inputs out. It fits by "
        "accident when W is square.",
        "Try a W that is not square, and write the shapes of delta, W and the answer beside each other.",
    ),
    Misconception(
        "bias-not-summed",
        3,
        "db is not summed over the batch",
        "The bias is one vector used in every row, so it collects one contribution from each row.",
        "Which shape does b have, and which shape has your db?",
    ),
    Misconception(
        "bias-wrong-sum",
        4,
        "db is summed over the wrong axis, averaged, or taken from one row",
        "b is added to every row, so its gradient is the sum over the rows, in the shape of b.",
        "Ask of one entry b_j: in which entries of the output does it appear?",
    ),
    Misconception(
        "relu-at-zero",
        7,
        "the kink of ReLU at 0",
        "At exactly 0 there is no derivative, so a convention decides; in this course ReLU has "
        "derivative 0 there.",
        "Which comparison with 0 leaves 0 itself out?",
    ),
    Misconception(
        "relu-mask",
        8,
        "the mask of ReLU is not the right one",
        "ReLU is flat for every negative input and rises with slope 1 for every positive one.",
        "Draw ReLU and read off its slope at −2, at 3 and at 0.",
    ),
    Misconception(
        "tanh-slip",
        10,
        "the slope of tanh",
        "The slope of tanh is 1 − y², with y = tanh(x) the output; x itself, y to the first power or "
        "cosh alone will not do.",
        "Check your slope at x = 0, where it must be 1, and at x = 2, where it must be small but positive.",
    ),
    Misconception(
        "batch-averaged",
        14,
        "averaged over the batch",
        "The layer itself divides by nothing: a mean over the batch, if there is one, is already in delta.",
        "Repeat every row of the batch: should the gradient of a shared parameter stay or double?",
    ),
    Misconception(
        "broadcast-not-undone",
        20,
        "the broadcast is not undone",
        "A gradient came back in the shape of the output; the input was smaller and had been copied to fit.",
        "Compare the shape of each gradient with the shape of its input, axes of size 1 included.",
    ),
    Misconception(
        "broadcast-mean",
        20,
        "the broadcast is undone with a mean",
        "Copies of one number each send a full gradient back, and contributions to one variable add.",
        "If b is added in four places, nudging it moves four outputs. Is the effect a sum or an average?",
    ),
    Misconception(
        "ones-as-diagonal",
        26,
        "pulling ones back does not give the Jacobian",
        "A delta of ones gives the sum of all rows of the Jacobian; only for elementwise functions is "
        "that its diagonal.",
        "For x − mean(x) the columns sum to 0, and the diagonal is not 0. Which delta picks out a "
        "single row?",
    ),
    Misconception(
        "jacobian-transposed",
        27,
        "the Jacobian is transposed",
        "The convention of this course: one row per output, one column per input.",
        "Count: how many outputs, how many inputs? The outputs come first in the shape.",
    ),
    Misconception(
        "vector-for-matrix",
        27,
        "the shape holds too few axes, or one too many",
        "A Jacobian has an axis for the outputs and one for the inputs; a gradient has the shape of its "
        "variable alone.",
        "Is it every output by every input that is asked for, or one gradient? Write down its shape first.",
    ),
    Misconception(
        "matrix-for-vector",
        27,
        "a matrix where a vector is due",
        "The Jacobian was left standing: the answer is its product with delta, in the shape of the input.",
        "Multiply delta by the diagonal matrix on paper and see what is left.",
    ),
    Misconception(
        "forward-difference",
        28,
        "a one-sided difference",
        "One nudge, up or down only, is off by half a step times the curvature; nudging both ways "
        "cancels that.",
        "Where is the middle of the two points you compare? It should be x.",
    ),
    Misconception(
        "step-not-doubled",
        28,
        "divided by the wrong distance",
        "The two nudged inputs do not lie as far apart as what you divide by.",
        "How far is x + h from x − h?",
    ),
    Misconception(
        "input-left-moved",
        28,
        "the nudged entry is not put back",
        "After one column the input stays nudged, so the next columns are measured somewhere else.",
        "Make a fresh copy of x for every nudge.",
    ),
    Misconception(
        "column-row-mixed",
        31,
        "column form and row form are mixed",
        "With y = W x the matrix has one row per output; with z = x W it has one row per input. The "
        "answer is for the other form.",
        "Write the forward product with its shapes, and keep the order of that product in mind on the "
        "way back.",
    ),
    Misconception(
        "not-diagonal",
        50,
        "an elementwise function has a diagonal Jacobian",
        "Entries off the diagonal say that one input moves another's output, and in an elementwise "
        "function it does not.",
        "Nudge one input only: how many outputs move?",
    ),
    Misconception(
        "kronecker-forgotten",
        51,
        "every output depends on every column",
        "Output k reads column k of W alone; the derivatives by the other columns are 0.",
        "Write z_0 as a sum and look which entries of W are in it.",
    ),
    Misconception(
        "dot-for-elementwise",
        52,
        "one kind of product where another is due",
        "Elementwise, dot and outer products were mixed up: the shapes agree only sometimes, the "
        "numbers never.",
        "Write one entry of the answer with its indices; is there a sum over an index or not?",
    ),
    Misconception(
        "bias-dropped",
        53,
        "the bias is left out",
        "The slope of the sigmoid must be taken where the forward pass was: at w · x + b.",
        "Compute the forward value exactly as the function does, then take the slope there.",
    ),
    Misconception(
        "entries-not-bytes",
        54,
        "entries are counted, not bytes",
        "The count is right up to the size of one number.",
        "How many bits has a float64, and how many of them make a byte?",
    ),
    Misconception(
        "entries-miscounted",
        54,
        "the entries are miscounted",
        "A Jacobian has (numbers in the output) × (numbers in the input) entries, and a vjp writes one "
        "array of the input's shape.",
        "Write down the shapes of Z, of W and of dW, and count the numbers in each.",
    ),
    Misconception(
        "block-slip",
        80,
        "a block is left out, applied twice, or another one",
        "The forward pass goes through W0, tanh and W1 once each, in this order.",
        "Compare your lines with the picture, block by block: what goes in, what comes out?",
    ),
    Misconception(
        "entries-averaged",
        81,
        "averaged over the outputs",
        "This loss is half the sum of the squared errors; nothing is divided by the number of outputs.",
        "With one output a mean and a sum agree. Do two outputs by hand.",
    ),
    Misconception(
        "entries-not-summed",
        82,
        "the loss is not one number",
        "A loss puts the errors of all outputs into a single number; here one is left for each output.",
        "What would it mean to go downhill on several numbers at once?",
    ),
    Misconception(
        "entries-summed",
        82,
        "one number for all outputs",
        "The gradient at the output has one entry for each output.",
        "A gradient has the shape of the thing it is the gradient of: which shape has x3?",
    ),
    Misconception(
        "square-slip",
        83,
        "the square is lost, or it is taken of the wrong thing",
        "The error of each output is squared by itself, so that too high and too low both count and big "
        "errors count more.",
        "Try x3 = (1, −1) and y = (0, 0): which loss should that give?",
    ),
    Misconception(
        "loss-late",
        84,
        "the losses are noted at the wrong moment",
        "The list holds one loss a round, that of the weights with which the round began.",
        "With a learning rate of your choice, what must losses[0] be, before anything has moved?",
    ),
    Misconception(
        "layer-forgotten",
        85,
        "only one of the two layers is trained",
        "Each round changes both matrices, each by its own gradient.",
        "Compare each matrix with what it was at the start: which one has not moved?",
    ),
    Misconception(
        "overwrite",
        17,
        "one path is counted where several lead",
        "The variable is used in more than one place, and only the last of its uses is in your answer.",
        "Count the arrows that leave this variable: each brings one contribution back, and "
        "contributions add.",
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
        "Before you handle a node, ask which other nodes must be finished. Try it on b = k·a, e = "
        "(n·b)(b + m).",
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
        "A node that is reached by two paths is listed for each of them; it is one node and is "
        "computed once.",
        "Keep a record of the nodes you have already listed, and look there first.",
    ),
    Misconception(
        "ascent",
        60,
        "the step goes uphill",
        "The gradient points to where the loss grows fastest; this step follows it.",
        "Put in theta = 1 with the loss theta²: its gradient is 2. Should theta grow or shrink?",
    ),
    Misconception(
        "rate-missing",
        61,
        "the learning rate is left out",
        "The step is as long as the gradient itself, whatever the learning rate.",
        "With a learning rate of 0 nothing may move. What does your step do then?",
    ),
    Misconception(
        "displacement-only",
        62,
        "the displacement is returned, not the new theta",
        "The answer is how far to go, not where one arrives.",
        "Start from theta.",
    ),
    Misconception(
        "decay",
        63,
        "theta itself is scaled",
        "The step shrinks theta towards zero, wherever the bottom of the loss is.",
        "The learning rate multiplies the gradient, and theta enters once, with the factor 1.",
    ),
    Misconception(
        "velocity-sign",
        24,
        "the velocity has the wrong sign",
        "Here the velocity is a displacement: it already points downhill, and it is added to theta.",
        "At rest, with a positive gradient: should the new velocity be positive or negative? And theta?",
    ),
    Misconception(
        "rate-outside",
        24,
        "the learning rate stands in the wrong place",
        "The learning rate belongs to the gradient alone; here it scales what was stored as well.",
        "Which part of the new velocity should change when the learning rate of this step changes?",
    ),
    Misconception(
        "one-minus-beta",
        24,
        "a factor (1 − beta) that does not belong here",
        "That factor makes an average of gradients; the heavy ball of this course adds up displacements.",
        "With beta = 0.9, how large a share of the gradient reaches your velocity?",
    ),
    Misconception(
        "velocity-lost",
        24,
        "the velocity is not carried on",
        "Each step must use the velocity of the step before it, and hand the new one to the next.",
        "Follow two steps in a row on paper: what does the second know of the first?",
    ),
    Misconception(
        "friction-missing",
        24,
        "beta does not damp the old velocity alone",
        "beta is the share of the old velocity that survives a step; the new push arrives undamped.",
        "Which of the two terms does beta multiply?",
    ),
    Misconception(
        "nesterov-here",
        25,
        "the gradient is taken at the current point",
        "That is the heavy ball; Nesterov asks for the gradient where the velocity is about to carry theta.",
        "You hold a gradient function, so you may ask anywhere. Where would theta be without the new push?",
    ),
    Misconception(
        "look-ahead-slip",
        25,
        "the point ahead is wrong",
        "The gradient is not taken where the surviving velocity leads, or the step does not start at theta.",
        "Look ahead by the part of the velocity that survives; then step from theta, once.",
    ),
    Misconception(
        "start-or-end-missing",
        64,
        "the trajectory has a point too few or too many",
        "It holds the starting point and one point for every step: steps + 1 rows.",
        "With steps = 0, what should come back?",
    ),
    Misconception(
        "stands-still",
        65,
        "every step starts from the same place",
        "The point that a step returns is where the next one starts.",
        "What should theta be at the end of each round of the loop?",
    ),
    Misconception(
        "one-end",
        66,
        "only one of the directions is looked at",
        "A rate that suits the steepest direction alone, or the flattest alone, is not the best for both.",
        "Draw the shrink factor of every direction; the largest one decides.",
    ),
    Misconception(
        "order-assumed",
        67,
        "the eigenvalues are taken to be sorted",
        "The first and the last entry need not be the smallest and the largest.",
        "Try the eigenvalues (3, 1, 100, 7).",
    ),
    Misconception(
        "average",
        68,
        "an average in place of the extremes",
        "Directions do not average out: the slowest one decides when you arrive.",
        "Which direction is left over after many steps?",
    ),
    Misconception(
        "root-or-square",
        69,
        "a square, or a square root, is missing or too many",
        "A square, or a square root, stands too many times or not at all in this formula.",
        "Put in the eigenvalues 1 and 100, and compare with the worked numbers of the notebook.",
    ),
    Misconception(
        "plain-rate",
        70,
        "the learning rate or beta of plain descent",
        "With momentum a different, larger learning rate is best, and beta depends on the eigenvalues.",
        "Both numbers come from the same two square roots.",
    ),
    Misconception(
        "momentum-ignored",
        71,
        "beta plays no part",
        "This is the rate of plain descent, |1 − learning_rate · λ|.",
        "The ball also has a velocity: along each direction the state has two numbers.",
    ),
    Misconception(
        "always-oscillating",
        72,
        "sqrt(beta), as if every direction oscillated",
        "The square root of beta is right only where the two roots are complex.",
        "Try a tiny learning rate: can the ball really arrive that fast?",
    ),
    Misconception(
        "norm-for-radius",
        73,
        "the norm of the matrix, not its eigenvalues",
        "The norm bounds a single step; the rate of many steps is the largest absolute eigenvalue.",
        "After k steps the matrix is multiplied by itself k times. What grows or shrinks then?",
    ),
    Misconception(
        "complex-mishandled",
        74,
        "the real part, or the sign, of the roots",
        "A root counts by its absolute value: −0.9 shrinks as slowly as 0.9, and 0.6 + 0.6i slower still.",
        "What does np.abs make of a complex number?",
    ),
    Misconception(
        "not-shuffled",
        75,
        "the batches are the same in every epoch",
        "The order does not come from the generator, or only whole batches change places.",
        "Call the function twice with one generator: the batches must differ.",
    ),
    Misconception(
        "with-replacement",
        76,
        "examples are drawn with replacement",
        "Drawing anew for each batch visits some examples twice in an epoch and others never.",
        "Shuffle once, then deal: every card is dealt exactly once.",
    ),
    Misconception(
        "last-batch-lost",
        77,
        "the examples of the last, smaller batch are lost",
        "When batch_size does not divide n, something is left over; an epoch visits that too.",
        "With 23 examples in batches of 4, how many batches are there?",
    ),
    Misconception(
        "mean-not-sum",
        4,
        "a mean is taken where a sum is due, or one example only",
        "The loss here is a sum over the examples, so the contributions of the examples add and are "
        "not averaged.",
        "Hand in the same example twice: must the gradient double or stay?",
    ),
    Misconception(
        "mask-from-elsewhere",
        6,
        "the mask is taken from the wrong array",
        "ReLU compared its own input with 0, not another array of the same shape.",
        "Which array went into relu?",
    ),
    Misconception(
        "softmax-diagonal",
        13,
        "only the diagonal of the softmax counts",
        "A logit changes every probability of its row, since they share one sum; the cross terms are "
        "missing.",
        "Raise the logit of a wrong class in your head: what happens to the probability of the right one?",
    ),
    Misconception(
        "softmax-axis",
        13,
        "softmax along the wrong axis",
        "Every row is an example of its own; here examples of a batch compete with one another.",
        "Add up your probabilities along each row. What should come out?",
    ),
    Misconception(
        "softmax-slip",
        90,
        "not the softmax of the logits",
        "Logits become probabilities by one exp and one division by the sum, done once: no more, no less.",
        "Try the logits 0 and log 3 in one row: the probabilities must be a quarter and three quarters.",
    ),
    Misconception(
        "mean-miscounted",
        14,
        "the average over the batch is missing or taken twice",
        "The loss is the mean over the N rows, so 1/N appears in it, and in its gradient, exactly once.",
        "Write every row of a batch twice: the loss may not change, and each row's gradient must be halved.",
    ),
    Misconception(
        "extra-derivative",
        14,
        "the derivative of the last activation is multiplied in again",
        "The short form of the gradient at the logits has passed the softmax already; p(1 − p) comes "
        "too much.",
        "Which variable is the short form the gradient of: the probabilities, or the logits?",
    ),
    Misconception(
        "not-one-hot",
        14,
        "the labels are not used row by row as classes",
        "A label is a name, not a quantity: it says which entry of its own row is the right one.",
        "Write the labels as rows with a single 1. Which entries of the table may your formula touch?",
    ),
    Misconception(
        "updated-too-early",
        23,
        "the weights are changed before the layer below is done",
        "All gradients belong to the same point; the gradient below must see the weights that the "
        "forward pass used.",
        "Compute every gradient first, and only then take the step for all of them.",
    ),
    Misconception(
        "activation-slip",
        91,
        "an activation too many, too few, or another one",
        "The ReLU stands after the first layer and nowhere else; logits may have any sign and size.",
        "Go through the picture gate by gate and say for each what it does to a negative number.",
    ),
    Misconception(
        "bias-forgotten",
        92,
        "a bias is left out or added in the wrong place",
        "Each of the two layers adds its own bias before anything else happens.",
        "With a black image only the biases speak. What does your network answer then?",
    ),
    Misconception(
        "wrong-cache",
        93,
        "the layer's gradient uses another value than its input",
        "The gradient of a weight is made of what entered that layer in the forward pass.",
        "Ask what the second layer was multiplied with: the values before the ReLU, or after it?",
    ),
    Misconception(
        "no-sign",
        29,
        "the sign is missing, or stands where it should not",
        "A bound on the largest change of a pixel is used up by the sign of the gradient; a climb "
        "uses the gradient itself.",
        "Ask how far each pixel moves in one step: by the same amount everywhere, or in proportion "
        "to its gradient?",
    ),
    Misconception(
        "step-direction",
        29,
        "the step goes the wrong way",
        "One subtracts a gradient to lower what it is the gradient of, and adds it to raise it.",
        "Compute the objective before and after one step. Did it go where you wanted it?",
    ),
    Misconception(
        "leaves-range",
        29,
        "pixels leave the range from 0 to 1",
        "What is no image any more proves nothing: after every step the pixels must be valid again.",
        "Print the smallest and the largest pixel after each step.",
    ),
    Misconception(
        "leaves-ball",
        29,
        "the image leaves the ball around the original",
        "No pixel may end up further than epsilon from where it was at the very start, after every step.",
        "Measure the largest difference between your image and the original, not the previous image.",
    ),
    Misconception(
        "stale-gradient",
        94,
        "the gradient of the starting point is used for every step",
        "A gradient is valid where it was taken; after a step the network is somewhere else.",
        "Which line of your loop looks at the image as it is now?",
    ),
    Misconception(
        "steps-miscounted",
        95,
        "a step too many or too few",
        "The loop makes another number of steps than asked for.",
        "Try it with steps = 0 and steps = 1 and count the updates.",
    ),
    Misconception(
        "wrong-target",
        96,
        "the gradient of another quantity",
        "The recipe is right, but it starts at something else than the quantity asked for.",
        "Write the quantity down, then its gradient at the logits or at the vector it is made of: a "
        "number for each entry.",
    ),
    Misconception(
        "wrong-node",
        97,
        "another node of the graph is returned",
        "The search moves one node and reports another one.",
        "Mark in the picture the node that is allowed to move; that is the one to return.",
    ),
    Misconception(
        "penalty-slip",
        98,
        "the gradient of the penalty is wrong",
        "The penalty is subtracted from the objective, and its own derivative belongs into every step.",
        "Differentiate penalty · x² by one pixel, then give it the sign with which it stands in the "
        "objective.",
    ),
    Misconception(
        "perturbation-only",
        99,
        "the change is returned, not the changed image",
        "What is asked for is the image after the change.",
        "Look at the picture you return: would you recognise the digit in it?",
    ),
    Misconception(
        "blows-up",
        100,
        "the training blows up",
        "The loss has grown until no number could hold it: the steps go uphill or too far, or the "
        "softmax overflows.",
        "Print the loss of each of the first ten minibatches: does it grow from the first step on, or "
        "fall and then jump?",
    ),
    Misconception(
        "steps-too-large",
        101,
        "the steps are too large",
        "A step went so far that the hidden units are 0 for every image; where ReLU is flat, no "
        "gradient brings them back.",
        "Is your gradient the mean over the minibatch, or its sum? Try a tenth of the learning rate.",
    ),
    Misconception(
        "never-updated",
        102,
        "the parameters never change",
        "What is returned is the starting point: whatever was computed did not reach the parameters.",
        "Print one entry of W1 before and after a step.",
    ),
    Misconception(
        "equal-start",
        103,
        "all hidden units start out equal",
        "Equal units get equal gradients, so they stay equal for ever: many units that count as one.",
        "What must differ between two units so that they can learn different things?",
    ),
    Misconception(
        "one-minibatch",
        104,
        "the same minibatch is visited again and again",
        "The first images are known by heart, the others were never seen.",
        "Print which rows each step uses.",
    ),
    Misconception(
        "labels-apart",
        105,
        "images and labels are shuffled apart",
        "The network has learnt how frequent each class is and nothing about the images: their labels "
        "were those of other images.",
        "Take one minibatch, draw its first image and print its label. Do they belong together?",
    ),
)

CATALOGUE: dict[str, Misconception] = {entry.key: entry for entry in _ENTRIES}
