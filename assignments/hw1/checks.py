from __future__ import annotations

import torch

from grader.authoring import check, raises, shares_storage


def leaf(tensor):
    """The tensor as one that autograd follows."""
    return tensor.requires_grad_()


def whole_numbers(rng, *shapes):
    """The five inputs of compute as whole numbers of which d / e is a fraction everywhere, but an exact one."""
    a, b, c = (rng.integers(-5, 6, *shape) for shape in shapes[:3])
    d, e = 2 * rng.integers(1, 5, *shapes[3]) + 1, 2 * (1 - 2 * rng.integers(0, 2, *shapes[4]))
    return a, b, c, d, e


def sharing(x, tensors):
    """The names of the tensors that view x's memory."""
    return [n for n, t in tensors.items() if isinstance(t, torch.Tensor) and t.numel() and shares_storage(x, t)]


def refused(call, *expected):
    """The error that a call raises, and what it returns where there is none."""
    found = []
    error = raises(lambda: found.append(call()), *expected)
    return {"error": error, "returned": found[0] if found else None}


@check(exercise="compute", points=2)
def compute_follows_the_formula(work, rng):
    """The result is (a + b) * c - d / e for every element; shapes are broadcast."""
    a, b, c = rng.normal(3, 4), rng.normal(4), rng.normal(3, 1)
    return {"result": work.compute(a, b, c, rng.normal(3, 4), rng.uniform(4, low=0.5, high=2))}


@check(exercise="compute", points=1)
def compute_divides_whole_numbers(work, rng):
    """Whole numbers are divided truly: fractions come out, and the result is floating-point."""
    *four, _ = whole_numbers(rng, (2, 3), (3,), (2, 1), (2, 3), ())
    return {
        "five tensors of whole numbers": work.compute(*whole_numbers(rng, *[(6,)] * 5)),
        "only e is a float": work.compute(*four, rng.uniform(3, low=1.5, high=2.5)),
    }


@check(exercise="compute", points=1, needs=("compute_follows_the_formula",))
def compute_leaves_its_inputs_alone(work, rng):
    """All five inputs have their values afterwards, and the result is none of them."""
    inputs = {name: rng.uniform(2, 3, low=0.5, high=2) for name in "abcde"}
    result = work.compute(*inputs.values())
    shared = [name for name, tensor in inputs.items() if sharing(tensor, {"result": result})]
    return {"inputs afterwards": inputs, "inputs that share memory with the result": shared}


def first_of(returned):
    """The first part of a pair; anything else as it is."""
    return returned[0] if isinstance(returned, tuple | list) and len(returned) == 2 else returned


def second_of(returned):
    """The second part of a pair; anything else as it is."""
    return returned[1] if isinstance(returned, tuple | list) and len(returned) == 2 else returned


def flattened(work, x):
    """What flatten_logical says of its row, and what is true."""
    returned = work.flatten_logical(x)
    flat = first_of(returned)
    return {"the second value": second_of(returned), "views of the tensor": sharing(x, {"the row": flat})}


@check(exercise="flatten_logical", points=3)
def flatten_puts_elements_in_order(work, rng):
    """All elements come in the order in which the tensor is printed, also when it was transposed."""
    tensors = {"a matrix": rng.normal(2, 3), "a transposed matrix": rng.normal(3, 4).T, "3-D": rng.normal(2, 3, 2)}
    return {name: first_of(work.flatten_logical(x)) for name, x in tensors.items()}


@check(exercise="flatten_logical", points=2)
def flatten_tells_whether_memory_is_shared(work, rng):
    """The second value is True where the row shares memory with the tensor, and False where it does not."""
    tensors = {"a matrix": rng.normal(2, 3), "a transposed matrix": rng.normal(3, 4).T}
    return {name: flattened(work, x) for name, x in tensors.items()}


@check(exercise="drop_channel", points=2.5)
def drop_channel_keeps_all_images(work, rng):
    """A batch of grey images loses its channel dimension and keeps all values."""
    return {"images": work.drop_channel(rng.normal(3, 1, 4, 5))}


@check(exercise="drop_channel", points=1, needs=("drop_channel_keeps_all_images",))
def drop_channel_refuses_other_channels(work, rng):
    """Images with three channels, with two and with none raise ValueError, also when there is only one of them."""
    shapes = ((2, 3, 4, 5), (1, 3, 2, 2), (3, 2, 1, 1), (2, 0, 3, 3))
    return {
        f"images of shape {shape}": refused(lambda shape=shape: work.drop_channel(rng.normal(*shape)), ValueError)
        for shape in shapes
    }


@check(exercise="project", points=3)
def project_maps_every_vector(work, rng):
    """A vector and each row of a matrix is multiplied by the weight."""
    W = rng.normal(5, 3)
    return {"a batch of vectors": work.project(rng.normal(4, 3), W), "a single vector": work.project(rng.normal(3), W)}


@check(exercise="get_diag_element_3d", points=4)
def diagonals_of_wide_and_square_matrices(work, rng):
    """The diagonals of matrices that are wider than high, and of square ones."""
    return {
        "matrices of 3 x 5": work.get_diag_element_3D(rng.normal(2, 3, 5)),
        "matrices of 4 x 4": work.get_diag_element_3D(rng.normal(3, 4, 4)),
    }


@check(exercise="get_diag_element_3d", points=1.5)
def diagonal_of_a_single_matrix(work, rng):
    """The result has two dimensions for one matrix as well."""
    return {"one matrix of 3 x 4": work.get_diag_element_3D(rng.normal(1, 3, 4))}


def both_ways(work, A, j):
    """Column j as a view and as a copy."""
    return {"view": work.column(A, j, copy=False), "copy": work.column(A, j, copy=True)}


@check(exercise="column", points=3)
def column_has_the_right_values(work, rng):
    """The first, a middle and the last column, as view and as copy, are 1-D."""
    A = rng.normal(3, 5)
    return {f"column {j}": both_ways(work, A, j) for j in (0, 2, 4)}


@check(exercise="column", points=1.5, needs=("column_has_the_right_values",))
def column_is_a_view_or_a_copy(work, rng):
    """What is written to a view shows in the matrix, what is written to a copy does not; and the other way round."""
    A, B = rng.normal(3, 4), rng.normal(3, 4)
    work.column(A, 1, copy=False).fill_(7.0)
    work.column(A, 2, copy=True).fill_(-7.0)
    parts = both_ways(work, B, 1)
    B.fill_(3.0)
    return {"the matrix after writing to view 1 and copy 2": A, "after filling the matrix with 3": parts}


@check(exercise="one_hot", points=3.5)
def one_hot_marks_the_class(work, rng):
    """Each label becomes a row with a single one, and classes that do not occur have their column, too."""
    return {"9 labels, 6 classes of which the last does not occur": work.one_hot(rng.integers(0, 5, 9), 6)}


@check(exercise="one_hot", points=1.5, needs=("one_hot_marks_the_class",))
def one_hot_refuses_labels_out_of_range(work, rng):
    """A label that is no class raises ValueError wherever it stands: the number of classes itself, and below zero."""
    facts = {}
    for label in (4, 6, -1):
        labels = rng.integers(0, 4, 7)
        labels[rng.integer(1, 7)] = label
        facts[f"label {label} of 4 classes"] = refused(lambda labels=labels: work.one_hot(labels, 4), ValueError)
    return facts


@check(exercise="pieces", points=3)
def pieces_are_as_many_as_asked(work, rng):
    """A length that cannot be divided evenly still gives the number of pieces that was asked for."""
    return {
        "10 rows in 4 pieces": work.pieces(rng.normal(10, 2), 4, 0),
        "5 numbers in 4 pieces": work.pieces(rng.normal(5), 4, 0),
        "6 rows in 3 pieces": work.pieces(rng.normal(6, 3), 3, 0),
    }


@check(exercise="gradient", points=2.5)
def gradient_of_a_single_output(work, rng):
    """The derivative of a function with one output, and once more at the same place."""
    x, weights = rng.normal(4), rng.normal(4)

    def f(t):
        return (weights * t**3).sum() + t[0] * t[1]

    return {"gradient": work.gradient(f, x), "again": work.gradient(f, x)}


@check(exercise="gradient", points=2.5)
def gradient_sums_all_outputs(work, rng):
    """A function with many outputs is differentiated as the sum of them."""
    M, x = rng.normal(5, 3), rng.normal(3, 2)
    return {"gradient": work.gradient(lambda t: (M @ t).tanh(), x)}


@check(exercise="gradient", points=2, needs=("gradient_of_a_single_output",))
def gradient_leaves_x_alone(work, rng):
    """x keeps its values, whether it requires gradients, and what is in its .grad; a second call gives the same."""
    plain, taped = rng.normal(3), leaf(rng.normal(3))
    taped.grad = rng.normal(3)
    facts = {}
    for name, x in (("that needs no gradient", plain), ("that needs a gradient", taped)):
        first = work.gradient(lambda t: t**2, x)
        facts[f"an x {name}"] = {
            "first call": first.detach().clone(),
            "second call": work.gradient(lambda t: t**2, x).detach(),
            "x.requires_grad afterwards": x.requires_grad,
            "x.grad afterwards": x.grad,
            "x afterwards": x.detach(),
        }
    return facts


def bowl(rng, *shapes):
    """A loss with its minimum away from zero in which the parameters hang together; also counts its calls."""
    targets = [rng.normal(*shape) for shape in shapes]
    calls = []

    def loss_fn(params):
        calls.append(len(params))
        apart = [((p - t) ** 2).sum() for p, t in zip(params, targets, strict=True)]
        return sum(apart) * 0.5 + 0.1 * params[0].square().sum() * params[-1].square().sum()

    return loss_fn, calls


def values_of(params):
    """Copies of the parameters' values."""
    return [p.detach().clone() for p in params]


@check(exercise="gradient_descent", points=4)
def descent_moves_the_parameters(work, rng):
    """After some steps the parameters are where plain gradient descent takes them."""
    shapes = ((3, 2), (4,))
    params, (loss_fn, _) = [leaf(rng.normal(*s)) for s in shapes], bowl(rng, *shapes)
    work.gradient_descent(params, loss_fn, 0.1, 1)
    first = values_of(params)
    work.gradient_descent(params, loss_fn, 0.05, 3)
    return {"parameters after one step": first, "after three more": values_of(params)}


@check(exercise="gradient_descent", points=2)
def descent_returns_the_losses(work, rng):
    """The losses are Python floats, one for each step, each from before the parameters moved."""
    params, (loss_fn, calls) = [leaf(rng.normal(3)), leaf(rng.normal(2))], bowl(rng, (3,), (2,))
    losses = work.gradient_descent(params, loss_fn, 0.1, 4)
    return {"losses": losses, "calls of the loss function": len(calls)}


@check(exercise="gradient_descent", points=2, needs=("descent_moves_the_parameters",))
def descent_keeps_the_parameters(work, rng):
    """The list holds the same leaves as before, ready for the next training, and views follow the changes."""
    params, (loss_fn, _) = [leaf(rng.normal(2, 3)), leaf(rng.normal(3))], bowl(rng, (2, 3), (3,))
    before, views = list(params), [p.detach()[0] for p in params]
    work.gradient_descent(params, loss_fn, 0.1, 2)
    return {
        "the same tensors as before at": [i for i, p in enumerate(params) if p is before[i]],
        "afterwards": {
            f"parameter {i}": {"is a leaf": p.is_leaf, "requires gradients": p.requires_grad}
            for i, p in enumerate(before)
        },
        "their values": values_of(before),
        "views from before": views,
    }


def every_pixel(rng):
    """An image in which each of the 256 values occurs once, in random order."""
    return torch.tensor(rng.permutation(256), dtype=torch.uint8, device=rng.device).reshape(8, 32)


@check(exercise="brighten", points=2.5)
def brighten_stops_at_the_ends(work, rng):
    """Pixels become brighter or darker and stop at 255 and at 0."""
    img, delta = every_pixel(rng), rng.integer(5, 60)
    return {"brighter": work.brighten(img, delta), "darker": work.brighten(img, -delta)}


@check(exercise="brighten", points=1.5, needs=("brighten_stops_at_the_ends",))
def brighten_makes_a_new_image(work, rng):
    """The image is unchanged afterwards, and the result has memory of its own, even where nothing is added."""
    img = every_pixel(rng)
    results = {f"by {delta}": work.brighten(img, delta) for delta in (40, -40, 0)}
    return {"the image afterwards": img, "sharing memory with the image": sharing(img, results)}
