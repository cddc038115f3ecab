# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Homework 1: tensors and autograd
#
# A tensor is a block of memory and a way of reading it: a shape, a dtype, and how many steps in memory lead from one
# element to the next. Two tensors can read the same memory, which makes PyTorch fast and is behind many of its
# surprises. On top of that, autograd writes down what you compute and plays it back as derivatives. In these eleven
# exercises you meet both, in functions of a few lines each.
#
# **How to work.** Each exercise ends with a cell that raises `NotImplementedError`. Replace that line by your
# code; keep the names and signatures. What the text and the docstring promise is what is checked: values, shapes and
# dtypes, but also side effects, such as whether a function changes a tensor that belongs to its caller.
# Any way that keeps the promises is fine. You may add cells of your own anywhere. 100 points in all.
#
# Three habits for all exercises:
#
# * **A function leaves its inputs as they were**, unless the task says otherwise.
# * **Gradients pass through.** Whatever you compute from a tensor that autograd follows, autograd follows as well.
# * **New tensors go where the input is.** Make them with `device=x.device`, so that the code runs on a GPU, too.

# %%
import torch

# %% [markdown]
# ## 1.1 A formula with tensors: `compute` (6 points)
#
# Arithmetic on tensors works element by element. `a + b` is the same as `torch.add(a, b)` and `a.add(b)`; in the same
# way there are `torch.sub`, `torch.mul` and `torch.div`. Shapes need not be equal. They are compared from the right,
# and a dimension of size 1, or one that is not there, is repeated as often as needed. This is called *broadcasting*:

# %%
tall, wide = torch.tensor([[10], [20]]), torch.tensor([1, 2, 3])
print(torch.add(tall, wide))
print(torch.div(wide, 2), "and not", wide // 2)

# %% [markdown]
# Nearly every method has a twin with an underscore, such as `a.add_(b)`. It writes its result into `a` itself.
#
# **Task.** `compute(a, b, c, d, e)` returns $(a + b) \cdot c - d / e$ for tensors of any shapes that broadcast together.
# The division is the true one: whole numbers, too, give fractions, and a floating-point result. Apart from that the
# dtype is whatever torch's arithmetic makes of the inputs.


# %%
def compute(a, b, c, d, e):
    """Compute ``(a + b) * c - d / e`` element by element.

    Args:
        a, b, c, d, e: Tensors of any shapes that broadcast together, of floating-point or whole numbers.

    Returns:
        A new tensor of the shape that all five broadcast to; gradients reach all five.
    """
    ### BEGIN SOLUTION
    return torch.sub(torch.mul(torch.add(a, b), c), torch.div(d, e))
    ### END SOLUTION


# %% [markdown]
# ## 1.2 Elements in a row, view or copy: `flatten_logical` (10 points)
#
# A tensor's *strides* say how far apart in memory the neighbours along each dimension are. Transposing or slicing
# changes the strides and nothing else, the memory stays where it is. The *logical* order of the elements is what you
# see when you print a tensor, the last dimension fastest; it need not be the order in memory.

# %%
x = torch.arange(6).reshape(2, 3)
print("strides:", x.stride(), "transposed:", x.T.stride())
print("same memory:", x.untyped_storage().data_ptr() == x.T.untyped_storage().data_ptr())

# %% [markdown]
# To read all elements as one row, a single stride has to do. Sometimes there is one, even for a tensor that is not
# contiguous, such as every second element of a row; then the row can be a *view* of the same memory. Sometimes there is
# none, and the elements have to be copied.
#
# **Task.** `flatten_logical(x)` returns a pair `(flat, shares)`.
#
# * `flat` is 1-D and holds all elements of `x` in logical order, for tensors of any layout and any number of dimensions
#   (none, too).
# * It is a view of `x`'s memory whenever there can be one, and a copy only where there cannot.
# * `shares` is `True` where `flat` and `x` share memory and `False` where they do not. You need not handle tensors without
#   elements.


# %%
def flatten_logical(x):
    """Put all elements of a tensor in a row.

    Args:
        x: A tensor of any shape and strides, with at least one element.

    Returns:
        ``(flat, shares)``: a tensor of shape ``(x.numel(),)`` in logical order, copied only if there is no other way,
        and a bool that tells whether it shares memory with x.
    """
    ### BEGIN SOLUTION
    flat = x.reshape(-1)
    return flat, flat.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    ### END SOLUTION


# %% [markdown]
# ## 1.3 Drop one dimension, and only that one: `drop_channel` (6 points)
#
# Images come as `(N, C, H, W)`: how many, channels, height, width. Grey images have one channel, and sometimes the next
# step wants `(N, H, W)`. Look at what happens to a batch that consists of a single image:

# %%
for n in (4, 1):
    images = torch.zeros(n, 1, 2, 3)
    print(tuple(images.shape), "squeezed:", tuple(images.squeeze().shape))

# %% [markdown]
# Code that works for four images and breaks for one is a bug that waits for the last batch of an epoch. And a function
# that quietly passes on colour images moves the error to a place where nobody will look for it.
#
# **Task.** `drop_channel(x)` turns `(N, 1, H, W)` into `(N, H, W)`, whatever N, H and W are. The result shares memory
# with `x`, no copy is made, and autograd follows it back to `x`. If there is not exactly one channel it raises a
# `ValueError`.


# %%
def drop_channel(x):
    """Remove the channel dimension of grey images.

    Args:
        x: Images of shape ``(N, 1, H, W)``, of any dtype.

    Returns:
        A view of shape ``(N, H, W)``.

    Raises:
        ValueError: The second dimension of x is not of size 1.
    """
    ### BEGIN SOLUTION
    if x.shape[1] != 1:
        raise ValueError(f"expected one channel, got {x.shape[1]}")
    return x.squeeze(1)
    ### END SOLUTION


# %% [markdown]
# ## 1.4 One matrix, any number of dimensions: `project` (8 points)
#
# A linear layer multiplies every input vector by a weight matrix. Inputs rarely come alone: a batch has shape
# `(N, d_in)`, a batch of sequences `(N, T, d_in)`, and the same code should serve them all. The weight is stored as
# `(d_out, d_in)`, one *row* for each output, as in `nn.Linear`.
#
# torch has many products. `torch.dot` takes vectors, `torch.mv` a matrix and a vector, `torch.mm` two matrices,
# `torch.bmm` two batches of matrices. `torch.matmul`, written `@`, takes them all and broadcasts what stands in front
# of the last two dimensions:

# %%
print((torch.ones(5, 2, 3) @ torch.ones(3, 4)).shape, (torch.ones(3) @ torch.ones(3, 4)).shape)

# %% [markdown]
# **Task.** `project(x, W)` maps every vector of `x`: from shape `(..., d_in)` to `(..., d_out)`, where `...` stands for
# any number of dimensions, also none. Entry $o$ of the result is $\sum_i W_{oi}\, x_i$.


# %%
def project(x, W):
    """Multiply every vector of x by a weight matrix.

    Args:
        x: Vectors, shape ``(..., d_in)`` with any number of leading dimensions, also none.
        W: The weight, shape ``(d_out, d_in)``.

    Returns:
        A tensor of shape ``(..., d_out)``; gradients reach x and W.
    """
    ### BEGIN SOLUTION
    return x @ W.T
    ### END SOLUTION


# %% [markdown]
# ## 1.5 The diagonals of a stack of matrices: `get_diag_element_3D` (14 points)
#
# `torch.gather(A, dim, index)` picks one element for each entry of `index`, and has the shape of `index`. Along `dim` the
# index says where to look, along all other dimensions the place stays the same. Here it picks one element of each row:

# %%
A = torch.tensor([[1, 2, 3], [4, 5, 6]])
print(torch.gather(A, 1, torch.tensor([[2], [0]])))

# %% [markdown]
# The diagonal of a matrix consists of the elements whose row number equals their column number. A matrix that is not
# square has one as well; it ends at the shorter side.
#
# **Task.** `get_diag_element_3D(A)` returns the diagonal of each of the `C` matrices in `A`. With `gather` or without,
# as you like. The result has two dimensions, even for one matrix or for matrices of a single element, and the dtype of
# `A`.


# %%
def get_diag_element_3D(A):
    """Take the diagonal of every matrix of a stack.

    Args:
        A: Matrices, shape ``(C, H, W)``, of any dtype; H and W may differ.

    Returns:
        A tensor of shape ``(C, min(H, W))`` and of A's dtype with ``A[i, k, k]`` at ``[i, k]``.
    """
    ### BEGIN SOLUTION
    n = min(A.shape[1:])
    index = torch.arange(n, device=A.device).expand(A.shape[0], n).unsqueeze(2)
    return A.gather(2, index).squeeze(2)
    ### END SOLUTION


# %% [markdown]
# ## 1.6 One column, as a view or as a copy: `column` (8 points)
#
# Indexing with numbers and slices gives a view: write to it, and the original changes. Indexing with a list or a tensor
# gives a copy, as it may pick elements that no stride can reach.

# %%
A = torch.zeros(2, 3)
A[:, 0].fill_(1)
A[:, [1]].fill_(2)
print(A)

# %% [markdown]
# Both are useful; what hurts is not to know which one you have. Here the caller decides.
#
# **Task.** `column(A, j, copy)` returns column `j` of the matrix `A`, with shape `(H,)`.
#
# * With `copy=False` it is a view: whatever is written to the column shows in the matrix, and the other way round. With
#   `copy=True` it has memory of its own, and no change to one reaches the other. This holds for every matrix, also for one
#   with a single column and for a transposed one.
# * A negative `j` counts from the end, as in Python lists. A column that does not exist raises an `IndexError`.


# %%
def column(A, j, copy):
    """Take one column of a matrix.

    Args:
        A: A matrix, shape ``(H, W)``, of any dtype and strides.
        j: The column, from -W to W - 1.
        copy: False for a view of A, True for a tensor with memory of its own.

    Returns:
        A tensor of shape ``(H,)``; autograd follows it back to A in both cases.

    Raises:
        IndexError: There is no such column.
    """
    ### BEGIN SOLUTION
    view = A[:, j]
    return view.clone() if copy else view
    ### END SOLUTION


# %% [markdown]
# ## 1.7 One-hot labels: `one_hot` (8 points)
#
# Class 2 of four classes, written one-hot, is `[0, 0, 1, 0]`. `scatter_` is made for that; it is `gather` the other way
# round, and writes values to the places that the index names. The index needs as many dimensions as the tensor that is
# written to.

# %%
board = torch.zeros(2, 3, dtype=torch.int64)
board.scatter_(1, torch.tensor([[2], [0]]), 7)
print(board)

# %% [markdown]
# **Task.** `one_hot(labels, num_classes)` adds a last dimension of size `num_classes` with a 1 at the label and 0 elsewhere.
#
# * `labels` has any shape: `(N,)`, but also `(N, T)`, `()` for a single label, or `(0,)` for none.
# * The number of classes is the argument, even where some class does not occur in this batch.
# * The result is int64. A label below 0 or not below `num_classes` raises a `ValueError`.


# %%
def one_hot(labels, num_classes):
    """Write class labels as rows of zeros with a single one.

    Args:
        labels: Class numbers, int64, of any shape; may be empty.
        num_classes: The number of classes C, at least 1.

    Returns:
        An int64 tensor of shape ``(*labels.shape, C)``.

    Raises:
        ValueError: A label is negative, or C or more.
    """
    ### BEGIN SOLUTION
    if ((labels < 0) | (labels >= num_classes)).any():
        raise ValueError(f"labels must be from 0 to {num_classes - 1}")
    rows = torch.zeros(*labels.shape, num_classes, dtype=torch.int64, device=labels.device)
    return rows.scatter_(-1, labels.unsqueeze(-1), 1)
    ### END SOLUTION


# %% [markdown]
# ## 1.8 Exactly n pieces: `pieces` (8 points)
#
# To spread a batch over four GPUs you cut it into four pieces, and four it should be, or one GPU waits for ever.
# `torch.chunk` promises less than its name says: it rounds the *length* of a piece up and takes as many as that gives.

# %%
x = torch.arange(9)
for n in (2, 4, 6):
    print(n, "asked for:", [len(piece) for piece in torch.chunk(x, n)])

# %% [markdown]
# **Task.** `pieces(x, n, dim)` returns exactly `n` tensors, in a list or a tuple, which, joined by `torch.cat(…, dim)`,
# are `x` again.
#
# * Lengths along `dim` differ by at most one, and longer pieces come before shorter ones: 9 in 4 pieces is 3, 2, 2, 2. Where
#   there is not enough for all, the last pieces are empty: 2 in 3 pieces is 1, 1, 0.
# * `dim` is any dimension of `x`, also counted from the end (-1 is the last).
# * The pieces are views of `x`. Fewer than one piece is a `ValueError`.


# %%
def pieces(x, n, dim):
    """Cut a tensor into n pieces of nearly equal length.

    Args:
        x: A tensor with at least one dimension.
        n: The number of pieces, at least 1.
        dim: The dimension to cut along; may be negative.

    Returns:
        n views of x in order, a list or a tuple; the first ``x.shape[dim] % n`` are longer by one than the others.

    Raises:
        ValueError: n is less than 1.
    """
    ### BEGIN SOLUTION
    if n < 1:
        raise ValueError(f"cannot cut into {n} pieces")
    return torch.tensor_split(x, n, dim)
    ### END SOLUTION


# %% [markdown]
# ## 1.9 The gradient of any function: `gradient` (12 points)
#
# `y.backward()` looks for all leaves that `y` was computed from and *adds* the derivatives to their `.grad`.
# `torch.autograd.grad(y, x)` returns the derivative and touches nobody's `.grad`. Both start from a single number, so the
# outputs of a function with many are summed first:

# %%
w = torch.tensor([1.0, 2.0], requires_grad=True)
(w**2).sum().backward()
(w**2).sum().backward()
print("after two backward passes:", w.grad)
print("from autograd.grad:", torch.autograd.grad((w**2).sum(), w)[0], "and .grad is still", w.grad)

# %% [markdown]
# **Task.** `gradient(f, x)` returns the derivative of the sum of all outputs of `f` at `x`, a tensor of `x`'s shape.
#
# * `f` maps a tensor to a tensor of any shape, by torch operations. It may use other tensors, among them some that
#   autograd follows.
# * `x` may require gradients or not, and may already have something in `.grad`. Afterwards everything is as it was: the values
#   of `x`, `x.requires_grad`, and the `.grad` of `x` and of every other tensor.
# * If the output does not depend on `x`, because `f` returns a constant or uses other tensors only, the gradient is zero.
# * The result is not part of any graph: its `requires_grad` is `False`.


# %%
def gradient(f, x):
    """Differentiate the sum of a function's outputs.

    Args:
        f: A function from a tensor of x's shape to a tensor of any shape.
        x: Where to differentiate, a floating-point tensor; it is left as it is.

    Returns:
        d(sum of f(x)) / dx, of x's shape, without a graph; zeros where f does not depend on x.
    """
    ### BEGIN SOLUTION
    point = x.detach().requires_grad_()
    total = f(point).sum()
    if not total.requires_grad:
        return torch.zeros_like(x)
    (slope,) = torch.autograd.grad(total, point, materialize_grads=True)
    return slope
    ### END SOLUTION


# %% [markdown]
# ## 1.10 Gradient descent in place: `gradient_descent` (14 points)
#
# To train means: compute the loss, ask for its gradients, move every parameter a little against its gradient,
# $p \leftarrow p - \eta \, \partial L / \partial p$, and repeat. The parameters belong to the caller (a model, say), who wants
# to find *those very tensors* improved. So they are changed in place, and that is something autograd must not record:

# %%
p = torch.tensor([1.0], requires_grad=True)
with torch.no_grad():
    p.sub_(0.25)
print(p, p.is_leaf)

# %% [markdown]
# **Task.** `gradient_descent(params, loss_fn, lr, steps)` makes `steps` steps. `loss_fn(params)` gets the list and returns
# the loss, a tensor with one number; call it once in each step.
#
# * In one step all gradients come from the same loss, and then all parameters move.
# * Returned is a list of `steps` Python floats: the loss of each step, as it was before the parameters moved.
# * The list `params` still holds the same tensors, leaves that require gradients, in the same memory: a view that was taken
#   of a parameter before shows the new values.
# * A parameter that the loss does not depend on stays as it is.
# * Whatever is in `.grad` when the function is called has no influence. When it returns, no gradient of its own is left
#   behind: `.grad` is `None` or zero.


# %%
def gradient_descent(params, loss_fn, lr, steps):
    """Minimise a loss by plain gradient descent.

    Args:
        params: List of leaf tensors that require gradients; they are changed in place.
        loss_fn: Function from this list to the loss, a 0-d tensor; called once a step.
        lr: The learning rate, a Python float.
        steps: How many steps to make, 0 or more.

    Returns:
        The loss at the beginning of each step, a list of Python floats.
    """
    ### BEGIN SOLUTION
    losses = []
    for _ in range(steps):
        for p in params:
            p.grad = None
        loss = loss_fn(params)
        loss.backward()
        losses.append(loss.item())
        with torch.no_grad():
            for p in params:
                if p.grad is not None:
                    p -= lr * p.grad
                    p.grad = None
    return losses
    ### END SOLUTION


# %% [markdown]
# ## 1.11 Arithmetic that does not wrap around: `brighten` (6 points)
#
# Pixels are stored as `uint8`, whole numbers from 0 to 255. Arithmetic on them stays `uint8`, and what does not fit begins
# again at the other end, like a car's mileage counter, without any warning:

# %%
pixel = torch.tensor([250, 5], dtype=torch.uint8)
print(pixel - 20)

# %% [markdown]
# **Task.** `brighten(img, delta)` adds `delta` to every pixel. What would be above 255 becomes 255, what would be below 0
# becomes 0. The result is a new `uint8` image; `img` does not change. It is on the same device as `img`; even the *meta* device
# works, where tensors have a shape and a dtype but no values.


# %%
def brighten(img, delta):
    """Make an image brighter or darker.

    Args:
        img: A uint8 tensor of any shape, on any device.
        delta: What to add to every pixel, a Python int from -1000 to 1000.

    Returns:
        A new uint8 tensor of the same shape on the same device; values stop at 0 and 255.
    """
    ### BEGIN SOLUTION
    return (img.to(torch.int32) + delta).clamp(0, 255).to(torch.uint8)
    ### END SOLUTION
