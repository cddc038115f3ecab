"""Different but right solutions of hw1: each must get full marks."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from grader.authoring import alternative

# --- 1.1 compute -----------------------------------------------------------------------------------------------


@alternative(exercise="compute")
def operators(work):
    """Operators in place of functions."""

    def compute(a, b, c, d, e):
        return (a + b) * c - d / e

    return compute


@alternative(exercise="compute")
def methods_in_steps(work):
    """Methods, one step a line, with names in between."""

    def compute(a, b, c, d, e):
        total = a.add(b)
        total = total.mul(c)
        quotient = torch.true_divide(d, e)
        return total.sub(quotient)

    return compute


@alternative(exercise="compute")
def brackets_multiplied_out(work):
    """The product is multiplied out, and the quotient comes first."""

    def compute(a, b, c, d, e):
        return -d.div(e) + a * c + b * c

    return compute


@alternative(exercise="compute")
def added_with_a_factor(work):
    """The quotient is added with the factor -1."""

    def compute(a, b, c, d, e):
        return torch.add(torch.multiply(c, b + a), torch.divide(d, e), alpha=-1)

    return compute


# --- 1.2 flatten_logical ---------------------------------------------------------------------------------------


@alternative(exercise="flatten_logical")
def tried_as_a_view(work):
    """view is tried first; where it refuses, there has to be a copy."""

    def flatten_logical(x):
        try:
            return x.view(-1), True
        except RuntimeError:
            return x.contiguous().view(-1), False

    return flatten_logical


@alternative(exercise="flatten_logical")
def addresses_compared(work):
    """flatten, and the addresses of the first elements."""

    def flatten_logical(x):
        flat = torch.flatten(x)
        return flat, bool(flat.data_ptr() == x.data_ptr())

    return flatten_logical


@alternative(exercise="flatten_logical")
def strides_worked_out(work):
    """The strides are looked at one by one, as view does itself, to find the single stride that there may be."""

    def flatten_logical(x):
        dims = [(size, stride) for size, stride in zip(x.shape, x.stride()) if size > 1]
        fits = all(outer == size * inner for (_, outer), (size, inner) in zip(dims, dims[1:]))
        if fits:
            step = dims[-1][1] if dims else 1
            return x.as_strided((x.numel(),), (step,)), True
        return x.clone(memory_format=torch.contiguous_format).ravel(), False

    return flatten_logical


# --- 1.3 drop_channel ------------------------------------------------------------------------------------------


@alternative(exercise="drop_channel")
def indexed(work):
    """Indexing with a number, after unpacking the shape."""

    def drop_channel(x):
        _, channels, _, _ = x.shape
        if channels == 1:
            return x[:, 0]
        raise ValueError(f"{channels} channels")

    return drop_channel


@alternative(exercise="drop_channel")
def selected(work):
    """select, and size() in the test."""

    def drop_channel(x):
        if not x.size(1) == 1:
            raise ValueError
        return x.select(1, 0)

    return drop_channel


@alternative(exercise="drop_channel")
def reshaped(work):
    """reshape to the three sizes, which never needs a copy here."""

    def drop_channel(x):
        n, c, h, w = x.shape
        if c != 1:
            raise ValueError("not grey")
        return x.reshape(n, h, w)

    return drop_channel


@alternative(exercise="drop_channel")
def two_dimensions_merged(work):
    """Channel and height are merged into one dimension."""

    def drop_channel(x):
        if x.shape[1] != 1:
            raise ValueError("not grey")
        return torch.flatten(x, 1, 2)

    return drop_channel


# --- 1.4 project -----------------------------------------------------------------------------------------------


@alternative(exercise="project")
def linear(work):
    """The function behind nn.Linear."""

    def project(x, W):
        return F.linear(x, W)

    return project


@alternative(exercise="project")
def einsum(work):
    """The sum as it stands in the text, with einsum."""

    def project(x, W):
        return torch.einsum("...i,oi->...o", x, W)

    return project


@alternative(exercise="project")
def columns_on_the_right(work):
    """Every vector becomes a column, and the weight stands on the left."""

    def project(x, W):
        return torch.matmul(W, x.unsqueeze(-1)).squeeze(-1)

    return project


@alternative(exercise="project")
def broadcast_and_summed(work):
    """Every vector is multiplied by every row of the weight, then summed."""

    def project(x, W):
        return (x[..., None, :] * W).sum(dim=-1)

    return project


@alternative(exercise="project")
def one_output_at_a_time(work):
    """A loop over the outputs."""

    def project(x, W):
        return torch.stack([(x * row).sum(-1) for row in W], dim=-1)

    return project


@alternative(exercise="project")
def flattened_and_restored(work):
    """All vectors in one batch for mm, and the leading dimensions put back."""

    def project(x, W):
        return x.reshape(-1, x.shape[-1]).mm(W.t()).reshape(*x.shape[:-1], W.shape[0])

    return project


# --- 1.5 get_diag_element_3d -----------------------------------------------------------------------------------


@alternative(exercise="get_diag_element_3d")
def diagonal(work):
    """The view that torch.diagonal gives."""

    def get_diag_element_3D(A):
        return torch.diagonal(A, dim1=1, dim2=2)

    return get_diag_element_3D


@alternative(exercise="get_diag_element_3d")
def indexed_by_two_ranges(work):
    """The same range of numbers as index for rows and columns."""

    def get_diag_element_3D(A):
        k = torch.arange(min(A.size(1), A.size(2)))
        return A[:, k, k]

    return get_diag_element_3D


@alternative(exercise="get_diag_element_3d")
def two_loops(work):
    """Element by element into a tensor of A's dtype."""

    def get_diag_element_3D(A):
        C, H, W = A.shape
        n = H if H < W else W
        out = A.new_zeros(C, n)
        for i in range(C):
            for k in range(n):
                out[i, k] = A[i, k, k]
        return out

    return get_diag_element_3D


@alternative(exercise="get_diag_element_3d")
def matrix_by_matrix(work):
    """torch.diag of every matrix, stacked."""

    def get_diag_element_3D(A):
        return torch.stack([torch.diag(M) for M in A])

    return get_diag_element_3D


@alternative(exercise="get_diag_element_3d")
def mask_of_the_diagonal(work):
    """A boolean mask on the square part."""

    def get_diag_element_3D(A):
        n = min(A.shape[-2:])
        mask = torch.eye(n, dtype=torch.bool, device=A.device)
        return A[:, :n, :n][:, mask]

    return get_diag_element_3D


@alternative(exercise="get_diag_element_3d")
def steps_through_the_rows(work):
    """Steps of width + 1 through the flattened matrix, cut where the diagonal ends."""

    def get_diag_element_3D(A):
        C, H, W = A.shape
        return A.reshape(C, H * W)[:, :: W + 1][:, : min(H, W)]

    return get_diag_element_3D


@alternative(exercise="get_diag_element_3d")
def gathered_along_the_rows(work):
    """gather along the other dimension, with one row of numbers as index."""

    def get_diag_element_3D(A):
        n = min(A.shape[1:])
        index = torch.arange(n, device=A.device).repeat(A.shape[0], 1).unsqueeze(1)
        return torch.gather(A, 1, index).squeeze(1)

    return get_diag_element_3D


# --- 1.6 column ------------------------------------------------------------------------------------------------


@alternative(exercise="column")
def select_and_index_list(work):
    """select for the view, a list as index for the copy."""

    def column(A, j, copy):
        if copy:
            return A[:, [j]].squeeze(1)
        return A.select(1, j)

    return column


@alternative(exercise="column")
def row_of_the_transpose(work):
    """A row of the transposed matrix, written to new memory for a copy."""

    def column(A, j, copy):
        view = A.t()[j]
        if not copy:
            return view
        return torch.zeros_like(view).copy_(view)

    return column


@alternative(exercise="column")
def normalised_index(work):
    """The index is tested and made positive first, as index_select needs it."""

    def column(A, j, copy):
        width = A.size(1)
        if j < 0:
            j += width
        if j < 0 or j >= width:
            raise IndexError("no such column")
        if copy:
            return A.index_select(1, torch.tensor([j], device=A.device)).reshape(-1)
        return A.narrow(1, j, 1).squeeze(1)

    return column


@alternative(exercise="column")
def elements_stacked(work):
    """For a copy, the elements are stacked in a loop."""

    def column(A, j, copy):
        if copy:
            return torch.stack([row[j] for row in A])
        return A.unbind(dim=1)[j]

    return column


# --- 1.7 one_hot -----------------------------------------------------------------------------------------------


@alternative(exercise="one_hot")
def function_of_torch(work):
    """torch.nn.functional.one_hot, after a test with any()."""

    def one_hot(labels, num_classes):
        if bool((labels < 0).any()) or bool((labels >= num_classes).any()):
            raise ValueError("label out of range")
        return F.one_hot(labels, num_classes)

    return one_hot


@alternative(exercise="one_hot")
def compared_with_a_range(work):
    """A comparison with all classes, and the smallest and largest label for the test."""

    def one_hot(labels, num_classes):
        if labels.numel() > 0 and not (0 <= labels.min().item() and labels.max().item() < num_classes):
            raise ValueError("label out of range")
        classes = torch.arange(num_classes, device=labels.device)
        return (labels[..., None] == classes).to(torch.int64)

    return one_hot


@alternative(exercise="one_hot")
def rows_of_an_identity(work):
    """Rows of the identity matrix."""

    def one_hot(labels, num_classes):
        if any(label not in range(num_classes) for label in labels.flatten().tolist()):
            raise ValueError("label out of range")
        return torch.eye(num_classes, dtype=torch.long, device=labels.device)[labels]

    return one_hot


@alternative(exercise="one_hot")
def filled_in_a_loop(work):
    """The labels are flattened and written one by one."""

    def one_hot(labels, num_classes):
        flat = labels.reshape(-1)
        rows = labels.new_zeros(flat.numel(), num_classes)
        for i, label in enumerate(flat.tolist()):
            if not 0 <= label < num_classes:
                raise ValueError(f"no class {label}")
            rows[i, label] = 1
        return rows.view(*labels.shape, num_classes)

    return one_hot


@alternative(exercise="one_hot")
def put_by_index(work):
    """Advanced indexing writes all ones at once."""

    def one_hot(labels, num_classes):
        flat = labels.flatten()
        if ((flat < 0) + (flat > num_classes - 1)).sum() > 0:
            raise ValueError("label out of range")
        rows = torch.zeros((len(flat), num_classes), dtype=torch.int64, device=labels.device)
        rows[torch.arange(len(flat), device=labels.device), flat] = 1
        return rows.reshape(labels.shape + (num_classes,))

    return one_hot


# --- 1.8 pieces ------------------------------------------------------------------------------------------------


@alternative(exercise="pieces")
def split_by_sizes(work):
    """torch.split with a list of lengths."""

    def pieces(x, n, dim):
        if n <= 0:
            raise ValueError("at least one piece")
        size, more = divmod(x.shape[dim], n)
        return list(torch.split(x, [size + 1] * more + [size] * (n - more), dim))

    return pieces


@alternative(exercise="pieces")
def narrowed_in_a_loop(work):
    """narrow from a running start; what is left is shared among the pieces that are left, rounded up."""

    def pieces(x, n, dim):
        if n < 1:
            raise ValueError("at least one piece")
        found, start = [], 0
        for left in range(n, 0, -1):
            length = -(-(x.size(dim) - start) // left)
            found.append(x.narrow(dim, start, length))
            start += length
        return found

    return pieces


@alternative(exercise="pieces")
def sliced_at_the_front(work):
    """The dimension is moved to the front, sliced, and moved back."""

    def pieces(x, n, dim):
        if not n >= 1:
            raise ValueError("at least one piece")
        front = x.movedim(dim, 0)
        size, more = len(front) // n, len(front) % n
        ends = [i * size + min(i, more) for i in range(n + 1)]
        return [front[ends[i] : ends[i + 1]].movedim(0, dim) for i in range(n)]

    return pieces


@alternative(exercise="pieces")
def places_to_cut(work):
    """tensor_split at given places, in a tuple."""

    def pieces(x, n, dim):
        if n < 1:
            raise ValueError("at least one piece")
        total = x.shape[dim]
        cuts = [sum(total // n + (k < total % n) for k in range(i)) for i in range(1, n)]
        return x.tensor_split(cuts, dim=dim) if cuts else (x[...],)

    return pieces


# --- 1.9 gradient ----------------------------------------------------------------------------------------------


@alternative(exercise="gradient")
def unused_allowed(work):
    """allow_unused, and zeros in place of None."""

    def gradient(f, x):
        t = x.clone().detach()
        t.requires_grad = True
        y = torch.sum(f(t))
        if y.grad_fn is None:
            return torch.zeros_like(t.detach())
        g = torch.autograd.grad(y, [t], allow_unused=True)[0]
        return g if g is not None else torch.zeros_like(t.detach())

    return gradient


@alternative(exercise="gradient")
def functional_gradient(work):
    """torch.func.grad of the summed function."""

    def gradient(f, x):
        return torch.func.grad(lambda t: f(t).sum())(x.detach()).detach()

    return gradient


@alternative(exercise="gradient")
def vector_times_jacobian(work):
    """autograd.functional.vjp."""

    def gradient(f, x):
        _, slope = torch.autograd.functional.vjp(lambda t: f(t).sum(), x.detach().clone())
        return slope.detach()

    return gradient


@alternative(exercise="gradient")
def ones_from_above(work):
    """A gradient of ones from above in place of the sum."""

    def gradient(f, x):
        t = x.detach().requires_grad_(True)
        y = f(t)
        if not y.requires_grad:
            return torch.zeros_like(x.detach())
        return torch.autograd.grad(y, t, grad_outputs=torch.ones_like(y), materialize_grads=True)[0]

    return gradient


@alternative(exercise="gradient")
def backward_into_a_copy_only(work):
    """backward with inputs=, which leaves gradients in the given tensors only; x itself enters by a sum with zeros."""

    def gradient(f, x):
        shift = torch.zeros_like(x.detach()).requires_grad_()
        y = f(x.detach() + shift).sum()
        if y.requires_grad:
            y.backward(inputs=[shift])
        return torch.zeros_like(x.detach()) if shift.grad is None else shift.grad

    return gradient


@alternative(exercise="gradient")
def mark_taken_back(work):
    """x itself is watched for a moment, and everything is put back."""

    def gradient(f, x):
        before = x.requires_grad
        if not before:
            x.requires_grad_(True)
        try:
            y = f(x).sum()
            if not y.requires_grad:
                return torch.zeros_like(x.detach())
            return torch.autograd.grad(y, x, materialize_grads=True)[0].detach()
        finally:
            if not before:
                x.requires_grad_(False)

    return gradient


# --- 1.10 gradient_descent -------------------------------------------------------------------------------------


@alternative(exercise="gradient_descent")
def without_grad_attributes(work):
    """autograd.grad instead of backward: nobody's .grad is touched."""

    def gradient_descent(params, loss_fn, lr, steps):
        losses = []
        for _ in range(steps):
            loss = loss_fn(params)
            slopes = torch.autograd.grad(loss, params, allow_unused=True)
            with torch.no_grad():
                for p, slope in zip(params, slopes):
                    if slope is not None:
                        p.add_(slope, alpha=-lr)
            losses.append(float(loss))
        return losses

    return gradient_descent


@alternative(exercise="gradient_descent")
def data_changed(work):
    """The update works on .data, and gradients are set to zero before and after."""

    def gradient_descent(params, loss_fn, lr, steps):
        def zero():
            for p in params:
                if p.grad is not None:
                    p.grad.zero_()

        history = [0.0] * steps
        zero()
        for i in range(steps):
            loss = loss_fn(params)
            history[i] = loss.detach().item()
            loss.backward()
            for p in params:
                if p.grad is not None:
                    p.data -= lr * p.grad.data
            zero()
        return history

    return gradient_descent


@alternative(exercise="gradient_descent")
def optimizer_of_torch(work):
    """torch.optim.SGD does the same."""

    def gradient_descent(params, loss_fn, lr, steps):
        optimizer = torch.optim.SGD(params, lr=lr)
        losses = []
        optimizer.zero_grad()
        while len(losses) < steps:
            loss = loss_fn(params)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=False)
            losses.append(loss.item())
        return losses

    return gradient_descent


@alternative(exercise="gradient_descent")
def recording_switched_on_for_the_loss(work):
    """no_grad around everything, enable_grad around the loss; new values are computed first and copied in."""

    @torch.no_grad()
    def gradient_descent(params, loss_fn, lr, steps):
        losses = []
        for _ in range(steps):
            for p in params:
                p.grad = None
            with torch.enable_grad():
                loss = loss_fn(params)
                loss.backward()
            new = [p if p.grad is None else p - lr * p.grad for p in params]
            for p, value in zip(params, new):
                p.copy_(value)
                p.grad = None
            losses += [loss.item()]
        return losses

    return gradient_descent


# --- 1.11 brighten ---------------------------------------------------------------------------------------------


@alternative(exercise="brighten")
def sixteen_bits(work):
    """16 bits are wide enough, and torch.clip is another name for clamp."""

    def brighten(img, delta):
        return torch.clip(img.to(torch.int16) + delta, min=0, max=255).byte()

    return brighten


@alternative(exercise="brighten")
def in_floats(work):
    """A calculation in floats, which hold these numbers exactly."""

    def brighten(img, delta):
        return img.float().add(delta).clamp_(0.0, 255.0).type(torch.uint8)

    return brighten


@alternative(exercise="brighten")
def chosen_by_where(work):
    """torch.where for the two ends."""

    def brighten(img, delta):
        wide = img.long() + delta
        wide = torch.where(wide > 255, 255, wide)
        wide = torch.where(wide < 0, 0, wide)
        return wide.to(img.dtype)

    return brighten


@alternative(exercise="brighten")
def looked_up_in_a_table(work):
    """A table of all 256 pixels."""

    def brighten(img, delta):
        table = [min(max(value + delta, 0), 255) for value in range(256)]
        return torch.tensor(table, dtype=torch.uint8, device=img.device)[img.long()]

    return brighten


@alternative(exercise="brighten")
def delta_kept_in_bounds(work):
    """The image is brought within reach of the end first, so that nothing can wrap around."""

    def brighten(img, delta):
        step = min(abs(delta), 255)
        if delta >= 0:
            return img.clamp(max=255 - step) + step
        return img.clamp(min=step) - step

    return brighten
