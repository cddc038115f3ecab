"""What hw1 observes: values, shapes and dtypes, whose memory a result is, and what a call leaves behind."""

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


# --- 1.1 compute -----------------------------------------------------------------------------------------------


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


@check(exercise="compute", points=1, visibility="hidden")
def compute_of_any_shapes_and_types(work, rng):
    """Every shape that broadcasts works, single numbers as well; half precision stays half precision."""
    shapes = ((3, 1), (), (2, 1, 4), (4,), (1, 3, 1))
    spread = [rng.uniform(*shape, low=0.5, high=2) for shape in shapes]
    thin = [rng.uniform(1, 3, low=0.5, high=2) for _ in range(5)]
    return {
        "shapes (3, 1), (), (2, 1, 4), (4,), (1, 3, 1)": work.compute(*spread),
        "shape (1, 3) for all": work.compute(*thin),
        "five single numbers": work.compute(*[rng.uniform(low=0.5, high=2) for _ in range(5)]),
        "float16": work.compute(*[n.half() for n in whole_numbers(rng, *[(4,)] * 5)]),
    }


@check(exercise="compute", points=1, visibility="hidden", needs=("compute_follows_the_formula",))
def compute_passes_gradients_to_all(work, rng):
    """Gradients reach all five inputs, in the shape of each."""
    shapes = {"a": (2, 3), "b": (3,), "c": (2, 1), "d": (1, 3), "e": (2, 3)}
    inputs = {name: leaf(rng.uniform(*shape, low=0.5, high=2)) for name, shape in shapes.items()}
    result = work.compute(*inputs.values())
    result.backward(rng.normal(*result.shape))
    return {"result": result, "gradients": {name: tensor.grad for name, tensor in inputs.items()}}


@check(exercise="compute", points=1, needs=("compute_follows_the_formula",))
def compute_leaves_its_inputs_alone(work, rng):
    """All five inputs have their values afterwards, and the result is none of them."""
    inputs = {name: rng.uniform(2, 3, low=0.5, high=2) for name in "abcde"}
    result = work.compute(*inputs.values())
    shared = [name for name, tensor in inputs.items() if sharing(tensor, {"result": result})]
    return {"inputs afterwards": inputs, "inputs that share memory with the result": shared}


# --- 1.2 flatten_logical ---------------------------------------------------------------------------------------


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


def layouts(rng):
    """Tensors of many layouts, by what they are."""
    block = rng.normal(4, 6, 5)
    return {
        "every second row": block[::2, :, 0],
        "permuted": block.permute(2, 0, 1),
        "a corner": block[1:3, 2:4],
        "one row for all": rng.normal(1, 3).expand(4, 3),
        "one column": rng.normal(5, 3)[:, 1],
        "every second column": rng.normal(3, 8)[:, ::2],
    }


@check(exercise="flatten_logical", points=2, visibility="hidden")
def flatten_of_other_layouts(work, rng):
    """Slices with steps, permuted, expanded and shifted tensors come in logical order, too."""
    return {name: first_of(work.flatten_logical(x)) for name, x in layouts(rng).items()}


@check(exercise="flatten_logical", points=2, visibility="hidden", needs=("flatten_tells_whether_memory_is_shared",))
def flatten_copies_only_where_it_must(work, rng):
    """Wherever one stride reaches all elements the row is a view, contiguous or not; the second value says so."""
    tensors = layouts(rng) | {"one number for all": rng.normal(1).expand(2, 3)}
    facts = {name: flattened(work, x) for name, x in tensors.items()}
    x = rng.normal(2, 6)[:, ::3]
    first_of(work.flatten_logical(x)).mul_(7.0)
    return facts | {"a tensor whose row was multiplied by 7": x}


@check(exercise="flatten_logical", points=1, visibility="hidden", needs=("flatten_puts_elements_in_order",))
def flatten_of_small_tensors(work, rng):
    """Single numbers and batches of one work, the dtype stays, gradients pass, and the tensor keeps its shape."""
    x, taped = rng.normal(1, 3, 1), leaf(rng.normal(3, 2))
    row = first_of(work.flatten_logical(taped.T))
    row.backward(rng.normal(*row.shape))
    return {
        "a single number": work.flatten_logical(rng.normal()),
        "shape (1, 3, 1)": work.flatten_logical(x),
        "whole numbers": work.flatten_logical(rng.integers(0, 9, 2, 2)),
        "a tensor that autograd follows": row,
        "its gradient": taped.grad,
        "the tensor afterwards": x,
    }


# --- 1.3 drop_channel ------------------------------------------------------------------------------------------


@check(exercise="drop_channel", points=2.5)
def drop_channel_keeps_all_images(work, rng):
    """A batch of grey images loses its channel dimension and keeps all values."""
    return {"images": work.drop_channel(rng.normal(3, 1, 4, 5))}


@check(exercise="drop_channel", points=1.5, visibility="hidden")
def drop_channel_keeps_dimensions_of_size_one(work, rng):
    """A single image, images of one row or one column and images of a single pixel keep their other dimensions."""
    shapes = ((1, 1, 3, 4), (2, 1, 1, 5), (4, 1, 3, 1), (1, 1, 1, 1))
    facts = {f"images of shape {shape}": work.drop_channel(rng.normal(*shape)) for shape in shapes}
    return facts | {"uint8": work.drop_channel(rng.integers(0, 256, 1, 1, 2, 3, dtype=torch.uint8))}


@check(exercise="drop_channel", points=1, needs=("drop_channel_keeps_all_images",))
def drop_channel_refuses_other_channels(work, rng):
    """Images with three channels, with two and with none raise ValueError, also when there is only one of them."""
    shapes = ((2, 3, 4, 5), (1, 3, 2, 2), (3, 2, 1, 1), (2, 0, 3, 3))
    return {
        f"images of shape {shape}": refused(lambda shape=shape: work.drop_channel(rng.normal(*shape)), ValueError)
        for shape in shapes
    }


@check(exercise="drop_channel", points=1, visibility="hidden", needs=("drop_channel_keeps_all_images",))
def drop_channel_makes_a_view(work, rng):
    """The result shares memory with the images, also of a slice of a batch, and autograd follows it back to them."""
    images, taped = rng.normal(3, 1, 4, 2), leaf(rng.normal(2, 1, 3, 2))
    result = work.drop_channel(images)
    shared = sharing(images, {"the result": result})
    result[1].fill_(5.0)
    part = rng.normal(4, 3, 2, 6)[:, 1:2, :, ::2]
    sliced, followed = work.drop_channel(part), work.drop_channel(taped)
    followed.backward(rng.normal(*followed.shape))
    return {
        "views of the images": shared,
        "the images after writing to the result": images,
        "every second column of one channel": sliced,
        "views of the slice": sharing(part, {"the result": sliced}),
        "gradient of images that autograd follows": taped.grad,
    }


# --- 1.4 project -----------------------------------------------------------------------------------------------


@check(exercise="project", points=3)
def project_maps_every_vector(work, rng):
    """A vector and each row of a matrix is multiplied by the weight."""
    W = rng.normal(5, 3)
    return {"a batch of vectors": work.project(rng.normal(4, 3), W), "a single vector": work.project(rng.normal(3), W)}


@check(exercise="project", points=2, visibility="hidden")
def project_takes_leading_dimensions(work, rng):
    """Any number of leading dimensions works, of size one as well, and so does a square weight."""
    W, square = rng.normal(2, 4), rng.normal(3, 3)
    facts = {f"shape {s}": work.project(rng.normal(*s), W) for s in ((2, 3, 4), (2, 1, 3, 4), (1, 4), (2, 4))}
    return facts | {"a square weight": work.project(rng.normal(2, 5, 3), square)}


@check(exercise="project", points=2, visibility="hidden", needs=("project_maps_every_vector",))
def project_passes_gradients(work, rng):
    """Gradients reach the vectors and the weight, and both stay as they were."""
    x, W = leaf(rng.normal(2, 3, 4)), leaf(rng.normal(5, 4))
    result = work.project(x, W)
    result.backward(rng.normal(*result.shape))
    plain = {"x": rng.normal(3, 4), "W": rng.normal(2, 4)}
    work.project(plain["x"], plain["W"])
    return {"result": result, "gradient of x": x.grad, "gradient of W": W.grad, "inputs afterwards": plain}


@check(exercise="project", points=1, visibility="hidden", needs=("project_maps_every_vector",))
def project_reads_any_strides(work, rng):
    """Transposed inputs and weights work, and so do a single input feature and a single output."""
    return {
        "transposed": work.project(rng.normal(3, 4, 2).transpose(0, 1), rng.normal(2, 5).T),
        "one input": work.project(rng.normal(2, 3, 1), rng.normal(4, 1)),
        "one output": work.project(rng.normal(2, 3), rng.normal(1, 3)),
    }


# --- 1.5 get_diag_element_3d -----------------------------------------------------------------------------------


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


@check(exercise="get_diag_element_3d", points=3, visibility="hidden")
def diagonals_of_tall_matrices(work, rng):
    """The diagonals of matrices that are higher than wide."""
    return {
        "matrices of 7 x 3": work.get_diag_element_3D(rng.normal(4, 7, 3)),
        "matrices of 5 x 4": work.get_diag_element_3D(rng.normal(2, 5, 4)),
    }


@check(
    exercise="get_diag_element_3d",
    points=1.5,
    visibility="hidden",
    needs=("diagonals_of_wide_and_square_matrices",),
)
def diagonals_of_the_smallest_matrices(work, rng):
    """Matrices of one row, of one column and of one element work, as do strides of any kind; the input stays."""
    A = rng.normal(2, 3, 4)
    facts = {
        f"shape {s}": work.get_diag_element_3D(rng.normal(*s)) for s in ((1, 1, 1), (3, 1, 1), (2, 1, 4), (2, 3, 1))
    }
    return facts | {"permuted": work.get_diag_element_3D(A.permute(2, 0, 1)), "the input afterwards": A}


@check(
    exercise="get_diag_element_3d",
    points=2,
    visibility="hidden",
    needs=("diagonals_of_wide_and_square_matrices",),
)
def diagonals_keep_the_dtype(work, rng):
    """Whole numbers, bytes, truth values and half precision come out as what they were."""
    return {
        "int64": work.get_diag_element_3D(rng.integers(-1000, 1000, 2, 2, 3)),
        "uint8": work.get_diag_element_3D(rng.integers(0, 256, 2, 3, 2, dtype=torch.uint8)),
        "bool": work.get_diag_element_3D(rng.integers(0, 2, 2, 6, 5) > 0),
        "float16": work.get_diag_element_3D(rng.normal(2, 3, 3, dtype=torch.float16)),
    }


@check(
    exercise="get_diag_element_3d",
    points=2,
    visibility="hidden",
    needs=("diagonals_of_wide_and_square_matrices",),
)
def diagonals_pass_gradients(work, rng):
    """The gradient of the input is nonzero on the diagonals and zero elsewhere."""
    A = leaf(rng.normal(3, 2, 4))
    result = work.get_diag_element_3D(A)
    result.backward(rng.normal(*result.shape))
    return {"result": result, "gradient": A.grad}


# --- 1.6 column ------------------------------------------------------------------------------------------------


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


@check(exercise="column", points=1, visibility="hidden")
def column_counts_from_the_end(work, rng):
    """Negative numbers count from the last column."""
    A, n = rng.integers(0, 100, 4, 3), rng.integer(2, 6)
    facts = {f"column {j}": both_ways(work, A, j) for j in (-1, -2, -3)}
    return facts | {"the first of some columns, from the end": both_ways(work, rng.normal(2, n), -n)}


@check(exercise="column", points=1, visibility="hidden", needs=("column_has_the_right_values",))
def column_owns_memory_whatever_the_matrix(work, rng):
    """A copy is one for a single column and for a transposed matrix, and a view is one there, too."""
    matrices = {"one column": rng.normal(4, 1), "transposed": rng.normal(2, 3).T, "one row": rng.normal(1, 3)}
    facts = {}
    for name, A in matrices.items():
        parts = both_ways(work, A, 0)
        shared = sharing(A, parts)
        parts["copy"].fill_(9.0)
        facts[name] = {
            "sharing memory with the matrix": shared,
            "the matrix after writing to the copy": A,
            "view": parts["view"],
        }
    return facts


# On a GPU an index from a list is looked up by a kernel, which cannot raise IndexError: it ends the process's use of CUDA.
@check(exercise="column", points=1, visibility="hidden", devices=("cpu",), needs=("column_has_the_right_values",))
def column_refuses_what_is_not_there(work, rng):
    """A column beyond either end raises IndexError, as a view and as a copy; the first and the last one do not."""
    A = rng.normal(2, 3)
    ends = {f"column {j}": both_ways(work, A, j) for j in (2, -3)}
    return ends | {
        f"j = {j} of a matrix with 3 columns, copy={copy}": refused(
            lambda j=j, copy=copy: work.column(A, j, copy), IndexError
        )
        for j in (3, -4, 7)
        for copy in (False, True)
    }


@check(exercise="column", points=0.5, visibility="hidden", needs=("column_has_the_right_values",))
def column_passes_gradients(work, rng):
    """Autograd follows view and copy back to the matrix."""
    A = leaf(rng.normal(3, 4))
    parts = both_ways(work, A * 2, 2)
    for part in parts.values():
        part.backward(rng.normal(*part.shape), retain_graph=True)
    return parts | {"gradient of the matrix": A.grad}


# --- 1.7 one_hot -----------------------------------------------------------------------------------------------


@check(exercise="one_hot", points=3.5)
def one_hot_marks_the_class(work, rng):
    """Each label becomes a row with a single one, and classes that do not occur have their column, too."""
    return {"9 labels, 6 classes of which the last does not occur": work.one_hot(rng.integers(0, 5, 9), 6)}


@check(exercise="one_hot", points=1.5, visibility="hidden")
def one_hot_of_any_shape(work, rng):
    """Labels of two and three dimensions, and a single label."""
    shapes = ((4, 6), (2, 1, 3), (), (3, 5))
    return {f"labels of shape {s}": work.one_hot(rng.integers(0, 4, *s), 4) for s in shapes}


@check(exercise="one_hot", points=0.5, visibility="hidden", needs=("one_hot_marks_the_class",))
def one_hot_of_nothing(work, rng):
    """No label at all gives no rows, a single class gives a column of ones, and each class once fills every column."""
    every = torch.tensor(rng.permutation(25), device=rng.device)
    return {
        "labels of shape (0,)": work.one_hot(rng.integers(0, 4, 0), 4),
        "a single class": work.one_hot(rng.integers(0, 1, 3), 1),
        "each of 25 classes once": work.one_hot(every, 25),
    }


@check(exercise="one_hot", points=1.5, needs=("one_hot_marks_the_class",))
def one_hot_refuses_labels_out_of_range(work, rng):
    """A label that is no class raises ValueError wherever it stands: the number of classes itself, and below zero."""
    facts = {}
    for label in (4, 6, -1):
        labels = rng.integers(0, 4, 7)
        labels[rng.integer(1, 7)] = label
        facts[f"label {label} of 4 classes"] = refused(lambda labels=labels: work.one_hot(labels, 4), ValueError)
    return facts


@check(exercise="one_hot", points=1, visibility="hidden", needs=("one_hot_marks_the_class",))
def one_hot_leaves_the_labels_alone(work, rng):
    """The labels keep values and shape, and may be part of a larger tensor."""
    table = rng.integers(0, 9, 25, 2)
    labels = table[:, 1]
    rows = work.one_hot(labels, 9)
    return {"rows": rows, "labels afterwards": labels, "the larger tensor afterwards": table}


# --- 1.8 pieces ------------------------------------------------------------------------------------------------


@check(exercise="pieces", points=3)
def pieces_are_as_many_as_asked(work, rng):
    """A length that cannot be divided evenly still gives the number of pieces that was asked for."""
    return {
        "10 rows in 4 pieces": work.pieces(rng.normal(10, 2), 4, 0),
        "5 numbers in 4 pieces": work.pieces(rng.normal(5), 4, 0),
        "6 rows in 3 pieces": work.pieces(rng.normal(6, 3), 3, 0),
    }


@check(exercise="pieces", points=2, visibility="hidden")
def pieces_along_any_dimension(work, rng):
    """Tensors are cut along the dimension that is asked for, counted from the front or from the end."""
    x = rng.normal(3, 7, 5)
    facts = {f"5 in 3 pieces, dimension {dim}": work.pieces(x, 3, dim) for dim in (2, -1)}
    facts |= {f"7 in 5 pieces, dimension {dim}": work.pieces(x, 5, dim) for dim in (1, -2)}
    return facts | {"8 in 3 pieces": work.pieces(rng.normal(8, 2), 3, -2)}


@check(exercise="pieces", points=1.5, visibility="hidden", needs=("pieces_are_as_many_as_asked",))
def pieces_are_views(work, rng):
    """What is written to a piece shows in the tensor, and autograd follows the pieces back to it."""
    x, taped = rng.normal(4, 7), leaf(rng.normal(5))
    parts = list(work.pieces(x, 3, 1))
    shared = sharing(x, {f"piece {i}": part for i, part in enumerate(parts)})
    for i, part in enumerate(parts):
        part.add_(10.0 * (i + 1))
    sum((i + 1) * part.square().sum() for i, part in enumerate(work.pieces(taped, 2, 0))).backward()
    return {
        "views of the tensor": shared,
        "the tensor after adding 10, 20 and 30 to its pieces": x,
        "gradient of a tensor in pieces": taped.grad,
    }


@check(exercise="pieces", points=1.5, visibility="hidden", needs=("pieces_are_as_many_as_asked",))
def pieces_of_extreme_numbers(work, rng):
    """One piece, as many pieces as elements, and more than that; less than one piece raises ValueError."""
    x = rng.normal(3, 2)
    facts = {f"3 rows, n = {n}": work.pieces(x, n, 0) for n in (1, 3, 5)}
    return facts | {f"n = {n}": refused(lambda n=n: work.pieces(x, n, 0), ValueError) for n in (0, -1)}


# --- 1.9 gradient ----------------------------------------------------------------------------------------------


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


@check(exercise="gradient", points=2, visibility="hidden")
def gradient_of_other_functions(work, rng):
    """Inputs of any shape and strides; functions that use a part of them, or another number of outputs."""
    M = rng.normal(3, 3)
    return {
        "of a single number": work.gradient(lambda t: torch.exp(t) * t, rng.normal()),
        "of some elements": work.gradient(lambda t: t[1:] ** 2 * t[0], rng.normal(4)),
        "at a transposed matrix": work.gradient(lambda t: t @ M @ t.T, rng.normal(3, 2).T),
        "with many outputs for one input": work.gradient(lambda t: t * M, rng.normal(1)),
        "at the result of a computation": work.gradient(lambda t: t.sin(), leaf(rng.normal(3)) * 2),
    }


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


@check(exercise="gradient", points=1, visibility="hidden", needs=("gradient_sums_all_outputs",))
def gradient_leaves_other_tensors_alone(work, rng):
    """A weight that the function uses gets nothing added to its .grad, and the function gets the values of x."""
    fresh, used = leaf(rng.normal(3)), leaf(rng.normal(3))
    used.grad = rng.normal(3)
    slope = work.gradient(lambda t: t.square() * fresh + used, rng.normal(3))
    return {"gradient": slope.detach(), ".grad of a new weight": fresh.grad, ".grad of a used weight": used.grad}


@check(exercise="gradient", points=0.5, visibility="hidden", needs=("gradient_of_a_single_output",))
def gradient_of_other_tensors_only(work, rng):
    """A function that computes with other tensors and does not use x has gradient zero, unlike one that does."""
    w, x = leaf(rng.normal(3)), rng.normal(4)
    return {
        "without x": work.gradient(lambda t: w**2, x),
        "with x": work.gradient(lambda t: w[:1] ** 2 * t**2, x).detach(),
    }


@check(exercise="gradient", points=0.5, visibility="hidden", needs=("gradient_of_a_single_output",))
def gradient_of_a_constant(work, rng):
    """A function that always returns the same tensor has gradient zero, unlike one that adds x to it."""
    constant, x = rng.normal(2, 3), rng.normal(2, 3)
    return {
        "a constant": work.gradient(lambda t: constant, x),
        "a constant and a power of x": work.gradient(lambda t: constant + t**3, x),
    }


@check(exercise="gradient", points=1, visibility="hidden", needs=("gradient_sums_all_outputs",))
def gradient_is_in_no_graph(work, rng):
    """The result is a plain tensor that autograd does not follow, whatever the function uses."""
    w, x = leaf(rng.normal(3)), leaf(rng.normal(3))
    slopes = {"with a weight": work.gradient(lambda t: w * t**2, x), "of a power": work.gradient(lambda t: t**3, x)}
    return {"gradients": slopes, "in a graph": [name for name, slope in slopes.items() if slope.requires_grad]}


# --- 1.10 gradient_descent -------------------------------------------------------------------------------------


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


@check(exercise="gradient_descent", points=2.5, visibility="hidden")
def descent_on_other_losses(work, rng):
    """Another loss, three parameters of other shapes, among them a single number, and more steps."""
    params = [leaf(rng.normal(2, 2)), leaf(rng.normal()), leaf(rng.normal(2))]
    x, y = rng.normal(6, 2), rng.normal(6)

    def loss_fn(given):
        W, b, v = given
        return ((torch.tanh(x @ W + b) @ v - y) ** 2).mean()

    work.gradient_descent(params, loss_fn, 0.2, 5)
    return {"parameters": values_of(params), "the loss there": loss_fn(params).detach()}


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


@check(exercise="gradient_descent", points=1.5, visibility="hidden", needs=("descent_moves_the_parameters",))
def descent_leaves_no_gradients(work, rng):
    """When it returns, .grad of every parameter is None or zero, and the next training starts from there."""
    params, (loss_fn, _) = [leaf(rng.normal(2)), leaf(rng.normal(3))], bowl(rng, (2,), (3,))
    work.gradient_descent(params, loss_fn, 0.1, 2)
    left = [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in params]
    work.gradient_descent(params, loss_fn, 0.1, 1)
    return {"left in .grad": left, "parameters after one more step": values_of(params)}


@check(exercise="gradient_descent", points=1, visibility="hidden", needs=("descent_moves_the_parameters",))
def descent_skips_unused_parameters(work, rng):
    """A parameter that the loss does not depend on stays as it is; no steps change nothing and give no losses."""
    params, target = [leaf(rng.normal(3)), leaf(rng.normal(2))], rng.normal(2)
    work.gradient_descent(params, lambda given: ((given[1] - target) ** 2).sum(), 0.2, 2)
    still = [leaf(rng.normal(2))]
    losses = work.gradient_descent(still, lambda given: given[0].sum(), 0.2, 0)
    return {"parameters": values_of(params), "no steps": {"losses": losses, "parameters": values_of(still)}}


@check(exercise="gradient_descent", points=1, visibility="hidden", needs=("descent_moves_the_parameters",))
def descent_forgets_old_gradients(work, rng):
    """What is in .grad at the beginning has no influence."""
    params, (loss_fn, _) = [leaf(rng.normal(2)), leaf(rng.normal(3))], bowl(rng, (2,), (3,))
    for p in params:
        p.grad = rng.normal(*p.shape)
    work.gradient_descent(params, loss_fn, 0.1, 2)
    return {"parameters": values_of(params)}


# --- 1.11 brighten ---------------------------------------------------------------------------------------------


def every_pixel(rng):
    """An image in which each of the 256 values occurs once, in random order."""
    return torch.tensor(rng.permutation(256), dtype=torch.uint8, device=rng.device).reshape(8, 32)


@check(exercise="brighten", points=2.5)
def brighten_stops_at_the_ends(work, rng):
    """Pixels become brighter or darker and stop at 255 and at 0."""
    img, delta = every_pixel(rng), rng.integer(5, 60)
    return {"brighter": work.brighten(img, delta), "darker": work.brighten(img, -delta)}


@check(exercise="brighten", points=1, visibility="hidden")
def brighten_by_any_number(work, rng):
    """Nothing, a lot, and more than the whole range is added; images have any shape and strides."""
    img = rng.integers(0, 256, 3, 4, 6, dtype=torch.uint8)
    facts = {f"by {delta}": work.brighten(img, delta) for delta in (0, 128, -200, 300, -1000)}
    return facts | {"a transposed image": work.brighten(every_pixel(rng).T, rng.integer(1, 100))}


@check(exercise="brighten", points=1.5, needs=("brighten_stops_at_the_ends",))
def brighten_makes_a_new_image(work, rng):
    """The image is unchanged afterwards, and the result has memory of its own, even where nothing is added."""
    img = every_pixel(rng)
    results = {f"by {delta}": work.brighten(img, delta) for delta in (40, -40, 0)}
    return {"the image afterwards": img, "sharing memory with the image": sharing(img, results)}


@check(exercise="brighten", points=1, visibility="hidden", needs=("brighten_stops_at_the_ends",))
def brighten_works_on_other_devices(work, rng):
    """The result is on the image's device; on the meta device only shape and dtype are there to be seen."""
    img, other = every_pixel(rng), torch.empty(2, rng.integer(3, 9), dtype=torch.uint8, device="meta")
    made = []
    error = raises(lambda: made.append(work.brighten(other, 10)))
    facts = {"on the image's own device": work.brighten(img, 10), "error on meta": error}
    return facts | {"on meta": [(r.device.type, r.dtype, tuple(r.shape)) for r in made]}
