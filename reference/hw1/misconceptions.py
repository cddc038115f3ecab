"""Wrong solutions of hw1 that students write, each with the hint that a teacher would give."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from grader.authoring import misconception

# --- 1.1 compute -----------------------------------------------------------------------------------------------


@misconception(exercise="compute")
def in_place_addition(work):
    """The underscore writes the sum into a, which belongs to the caller; look at a after the call."""

    def compute(a, b, c, d, e):
        return torch.sub(torch.mul(a.add_(b), c), torch.div(d, e))

    return compute


@misconception(exercise="compute")
def item_by_item(work):
    """`.item()` makes a Python number: it works for a single element only, and autograd loses the trace."""

    def compute(a, b, c, d, e):
        return torch.tensor((a.item() + b.item()) * c.item() - d.item() / e.item())

    return compute


@misconception(exercise="compute")
def floor_division(work):
    """Two slashes, or floor_divide, round the quotient down to a whole number; the task divides truly."""

    def compute(a, b, c, d, e):
        return (a + b) * c - d // e

    return compute


@misconception(exercise="compute")
def quotient_cut_off(work):
    """The quotient loses its fraction: rounding, or int(), was not asked for."""

    def compute(a, b, c, d, e):
        return (a + b) * c - torch.div(d, e, rounding_mode="trunc")

    return compute


@misconception(exercise="compute")
def product_before_sum(work):
    """Multiplication binds more tightly than addition: without brackets only b is multiplied by c."""

    def compute(a, b, c, d, e):
        return a + b * c - d / e

    return compute


@misconception(exercise="compute")
def everything_over_e(work):
    """The whole expression is divided by e; in the formula only d stands over it."""

    def compute(a, b, c, d, e):
        return torch.div(torch.sub(torch.mul(torch.add(a, b), c), d), e)

    return compute


@misconception(exercise="compute")
def subtracted_the_wrong_way(work):
    """The sign is flipped: `torch.sub(x, y)` is x - y, so the order of its arguments matters."""

    def compute(a, b, c, d, e):
        return torch.sub(torch.div(d, e), torch.mul(torch.add(a, b), c))

    return compute


@misconception(exercise="compute")
def rebuilt_with_torch_tensor(work):
    """`torch.tensor(...)` around a result copies the values and cuts them off from the graph: no gradient can return."""

    def compute(a, b, c, d, e):
        return torch.tensor(((a + b) * c - d / e).tolist(), dtype=(a * 1.0 / e).dtype, device=a.device)

    return compute


@misconception(exercise="compute")
def everything_made_float32(work):
    """The values are right, but `.float()` turns every input into float32, whatever the caller had chosen."""

    def compute(a, b, c, d, e):
        a, b, c, d, e = (t.float() for t in (a, b, c, d, e))
        return (a + b) * c - d / e

    return compute


@misconception(exercise="compute")
def dtype_of_the_first_input(work):
    """Converting the result back to a's dtype throws the fractions away when a holds whole numbers."""

    def compute(a, b, c, d, e):
        return ((a + b) * c - d / e).to(a.dtype)

    return compute


@misconception(exercise="compute")
def fused_division(work):
    """`torch.addcdiv` divides floating-point tensors only; the inputs may be whole numbers."""

    def compute(a, b, c, d, e):
        return torch.addcdiv((a + b) * c, d, e, value=-1)

    return compute


@misconception(exercise="compute")
def through_numpy(work):
    """NumPy knows nothing of autograd, so no gradient can pass, and it has dtype rules of its own."""

    def compute(a, b, c, d, e):
        a, b, c, d, e = (t.detach().numpy() for t in (a, b, c, d, e))
        return torch.from_numpy(np.asarray((a + b) * c - d / e))

    return compute


@misconception(exercise="compute")
def matrix_product(work):
    """`@` and `torch.matmul` multiply matrices; the formula multiplies element by element."""

    def compute(a, b, c, d, e):
        return (a + b) @ c - d / e

    return compute


@misconception(exercise="compute")
def shape_of_the_first_input(work):
    """The result is squeezed into the shape of a, which need not be the shape that all five broadcast to."""

    def compute(a, b, c, d, e):
        b, c, d, e = (t.expand_as(a) for t in (b, c, d, e))
        return (a + b) * c - d / e

    return compute


@misconception(exercise="compute")
def in_place_division(work):
    """`d /= e` writes the quotient into d, which belongs to the caller and may hold whole numbers only."""

    def compute(a, b, c, d, e):
        d /= e
        return (a + b) * c - d

    return compute


@misconception(exercise="compute")
def result_squeezed(work):
    """A dimension of size 1 that belongs to the inputs is gone from the result."""

    def compute(a, b, c, d, e):
        return ((a + b) * c - d / e).squeeze()

    return compute


# --- 1.2 flatten_logical ---------------------------------------------------------------------------------------


def shared(flat, x):
    return flat.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()


@misconception(exercise="flatten_logical")
def view_of_anything(work):
    """`view` never copies, so it refuses where no single stride reaches all elements, as in a transposed matrix."""

    def flatten_logical(x):
        return x.view(-1), True

    return flatten_logical


@misconception(exercise="flatten_logical")
def always_copies(work):
    """The elements are copied even where a view would do: compare the memory of row and tensor."""

    def flatten_logical(x):
        flat = x.contiguous().clone().view(-1)
        return flat, shared(flat, x)

    return flatten_logical


@misconception(exercise="flatten_logical")
def last_dimension_slowest(work):
    """The elements come column by column; logical order is the order in which the tensor is printed."""

    def flatten_logical(x):
        flat = x.T.reshape(-1)
        return flat, shared(flat, x)

    return flatten_logical


@misconception(exercise="flatten_logical")
def order_of_memory(work):
    """The elements come as they lie in memory, which is not their logical order once the strides have been changed."""

    def flatten_logical(x):
        return x.as_strided((x.numel(),), (1,)), True

    return flatten_logical


@misconception(exercise="flatten_logical")
def contiguous_means_shared(work):
    """Being contiguous decides less than you think: some tensors that are not can still be flattened without a copy."""

    def flatten_logical(x):
        return x.reshape(-1), x.is_contiguous()

    return flatten_logical


@misconception(exercise="flatten_logical")
def copies_unless_contiguous(work):
    """`contiguous()` copies every tensor that is not contiguous, among them some that one stride would reach."""

    def flatten_logical(x):
        flat = x.contiguous().view(-1)
        return flat, shared(flat, x)

    return flatten_logical


@misconception(exercise="flatten_logical")
def always_said_to_share(work):
    """`reshape` and `flatten` copy where they must; the second value has to be found out, not assumed."""

    def flatten_logical(x):
        return x.reshape(-1), True

    return flatten_logical


@misconception(exercise="flatten_logical")
def never_said_to_share(work):
    """`is` and `id` compare Python objects: a view is a new object on old memory, and what counts is the memory."""

    def flatten_logical(x):
        flat = x.reshape(-1)
        return flat, flat is x

    return flatten_logical


@misconception(exercise="flatten_logical")
def flag_upside_down(work):
    """The second value says whether something was copied; asked for is whether memory is shared."""

    def flatten_logical(x):
        flat = x.reshape(-1)
        return flat, not shared(flat, x)

    return flatten_logical


@misconception(exercise="flatten_logical")
def first_dimension_kept(work):
    """The first dimension is still there, as networks like it for a batch; here all elements go into one row."""

    def flatten_logical(x):
        flat = x.flatten(1) if x.ndim > 1 else x.reshape(-1)
        return flat, shared(flat, x)

    return flatten_logical


@misconception(exercise="flatten_logical")
def second_value_forgotten(work):
    """Only the row is returned; the task asks for a pair."""

    def flatten_logical(x):
        return x.reshape(-1)

    return flatten_logical


@misconception(exercise="flatten_logical")
def rebuilt_from_a_list(work):
    """A tensor made from a Python list is always a copy, and autograd does not follow it back."""

    def flatten_logical(x):
        numbers = x.tolist()
        for _ in range(x.ndim - 1):
            numbers = [n for row in numbers for n in row]
        return torch.tensor(numbers).reshape(-1), False

    return flatten_logical


@misconception(exercise="flatten_logical")
def detached_row(work):
    """`.data` and `.detach()` share the memory but leave the graph: no gradient reaches the tensor."""

    def flatten_logical(x):
        flat = x.data.reshape(-1)
        return flat, shared(flat, x)

    return flatten_logical


@misconception(exercise="flatten_logical")
def address_of_the_objects(work):
    """A flat view of a part of a tensor starts where the part starts, so that the beginning of the storage is elsewhere."""

    def flatten_logical(x):
        flat = x.reshape(-1)
        return flat, flat.data_ptr() == x.untyped_storage().data_ptr()

    return flatten_logical


@misconception(exercise="flatten_logical")
def compared_with_its_own_copy(work):
    """The row is compared with a copy that was made on the way; the question is whose memory the caller's x has."""

    def flatten_logical(x):
        x = x.contiguous()
        flat = x.view(-1)
        return flat, shared(flat, x)

    return flatten_logical


# --- 1.3 drop_channel ------------------------------------------------------------------------------------------


def checked(x):
    if x.shape[1] != 1:
        raise ValueError("one channel, please")
    return x


@misconception(exercise="drop_channel")
def squeezed_everywhere(work):
    """`squeeze()` without a number removes every dimension of size 1, also a batch of one image."""

    def drop_channel(x):
        return checked(x).squeeze()

    return drop_channel


@misconception(exercise="drop_channel")
def squeezed_without_a_look(work):
    """`squeeze(1)` does nothing, and says nothing, where the dimension is not of size 1: colour images pass through."""

    def drop_channel(x):
        return x.squeeze(1)

    return drop_channel


@misconception(exercise="drop_channel")
def squeezed_without_any_look(work):
    """Every dimension of size 1 goes, a batch of one as well, and images with more channels pass unnoticed."""

    def drop_channel(x):
        return x.squeeze()

    return drop_channel


@misconception(exercise="drop_channel")
def first_image(work):
    """An index counts along the first dimension, which is the batch: all images but one are gone."""

    def drop_channel(x):
        return checked(x)[0]

    return drop_channel


@misconception(exercise="drop_channel")
def other_channels_dropped(work):
    """Picking the first channel also works for colour images: the others vanish without an error."""

    def drop_channel(x):
        return x[:, 0]

    return drop_channel


@misconception(exercise="drop_channel")
def mean_of_the_channels(work):
    """Averaging over the channels makes new memory, works for floating-point images only and hides colour images."""

    def drop_channel(x):
        return x.mean(1)

    return drop_channel


@misconception(exercise="drop_channel")
def channels_become_images(work):
    """With -1 torch fits in whatever is left: three channels become three images, and nobody is told."""

    def drop_channel(x):
        return x.reshape(-1, *x.shape[2:])

    return drop_channel


@misconception(exercise="drop_channel")
def reshape_complains(work):
    """Other numbers of channels end in an error of torch's own, which is not of the promised type."""

    def drop_channel(x):
        n, _, h, w = x.shape
        return x.reshape(n, h, w)

    return drop_channel


@misconception(exercise="drop_channel")
def asserted(work):
    """`assert` raises an AssertionError and can be switched off; the promise is another type of error."""

    def drop_channel(x):
        assert x.shape[1] == 1
        return x.squeeze(1)

    return drop_channel


@misconception(exercise="drop_channel")
def batch_size_tested(work):
    """The test looks at the first dimension, the number of images; the channels are the second."""

    def drop_channel(x):
        if x.shape[0] != 1:
            raise ValueError("one channel, please")
        return x.squeeze(1)

    return drop_channel


@misconception(exercise="drop_channel")
def squeezed_in_place(work):
    """The underscore changes the shape of the caller's own tensor; look at it after the call."""

    def drop_channel(x):
        return checked(x).squeeze_(1)

    return drop_channel


@misconception(exercise="drop_channel")
def copied_images(work):
    """The shape is right, but the images were copied: what is written to the result does not show in the input."""

    def drop_channel(x):
        return checked(x).squeeze(1).clone()

    return drop_channel


@misconception(exercise="drop_channel")
def only_colour_refused(work):
    """Images are refused if they have exactly three channels; any number but one is wrong."""

    def drop_channel(x):
        if x.shape[1] == 3:
            raise ValueError("no colour images, please")
        return x.squeeze(1)

    return drop_channel


@misconception(exercise="drop_channel")
def more_than_one_refused(work):
    """Images without any channel slip through: the test asks for too many channels only."""

    def drop_channel(x):
        if x.shape[1] > 1:
            raise ValueError("one channel, please")
        return x.squeeze(1)

    return drop_channel


@misconception(exercise="drop_channel")
def none_for_other_channels(work):
    """Images with other numbers of channels give None; the promised error does not come."""

    def drop_channel(x):
        return x.squeeze(1) if x.shape[1] == 1 else None

    return drop_channel


# --- 1.4 project -----------------------------------------------------------------------------------------------


@misconception(exercise="project")
def two_matrices_only(work):
    """`torch.mm` takes two matrices and does not broadcast: think of a single vector, or of a batch of sequences."""

    def project(x, W):
        return torch.mm(x, W.T)

    return project


@misconception(exercise="project")
def three_dimensions_only(work):
    """`torch.bmm` takes exactly three dimensions, and the task any number of them."""

    def project(x, W):
        return torch.bmm(x, W.T.expand(x.shape[0], -1, -1))

    return project


@misconception(exercise="project")
def vectors_only(work):
    """`torch.mv` takes a matrix and a single vector; a batch needs a product that broadcasts."""

    def project(x, W):
        return torch.mv(W, x)

    return project


@misconception(exercise="project")
def not_transposed(work):
    """W has a row for each output, so the sizes fit only if W is square, and then the sums run over the wrong index."""

    def project(x, W):
        return x @ W

    return project


@misconception(exercise="project")
def reshaped_weight(work):
    """`reshape` gives the right shape and the wrong numbers: it reads the same row again, it does not swap dimensions."""

    def project(x, W):
        return x @ W.reshape(W.shape[1], W.shape[0])

    return project


@misconception(exercise="project")
def weight_on_the_left(work):
    """W @ x is right for one vector; in a batch the vectors are rows, and the product wants them as columns."""

    def project(x, W):
        return W @ x

    return project


@misconception(exercise="project")
def outputs_in_columns(work):
    """The result of a batch is transposed: outputs belong in the last dimension."""

    def project(x, W):
        return W @ x.mT if x.ndim > 1 else W @ x

    return project


@misconception(exercise="project")
def leading_dimensions_lost(work):
    """All vectors end up in one long batch: the dimensions that were flattened for the product have to come back."""

    def project(x, W):
        return x.reshape(-1, x.shape[-1]) @ W.T

    return project


@misconception(exercise="project")
def view_of_the_input(work):
    """`view` refuses inputs that do not lie in memory in the right order, such as transposed ones."""

    def project(x, W):
        return (x.view(-1, x.shape[-1]) @ W.T).view(*x.shape[:-1], W.shape[0])

    return project


@misconception(exercise="project")
def weight_detached(work):
    """The values are right, but `.data` steps around autograd: the weight gets no gradient."""

    def project(x, W):
        return x @ W.data.T

    return project


@misconception(exercise="project")
def transposed_in_place(work):
    """`t_()` turns the caller's own weight around; the next call finds it the other way up."""

    def project(x, W):
        return x @ W.t_()

    return project


@misconception(exercise="project")
def stacked_in_front(work):
    """`torch.stack` puts its new dimension first unless told otherwise; the outputs belong in the last one."""

    def project(x, W):
        return torch.stack([(x * w).sum(-1) for w in W])

    return project


@misconception(exercise="project")
def summed_elementwise_product(work):
    """`*` pairs the rows of x with the rows of W; every vector has to meet every row of W."""

    def project(x, W):
        return (x * W).sum(-1)

    return project


@misconception(exercise="project")
def squeezed_result(work):
    """A dimension of size 1 has been squeezed away; a batch of one is still a batch."""

    def project(x, W):
        return (x @ W.T).squeeze()

    return project


@misconception(exercise="project")
def layer_of_its_own(work):
    """A new `nn.Linear` brings random weights of its own, and a bias; the weight to use is the argument W."""

    def project(x, W):
        torch.manual_seed(0)
        return torch.nn.Linear(W.shape[1], W.shape[0])(x)

    return project


@misconception(exercise="project")
def reshaped_into_place(work):
    """The outputs were in columns, and `reshape` put them into the right shape in the wrong order."""

    def project(x, W):
        return (W @ x.reshape(-1, x.shape[-1]).T).reshape(*x.shape[:-1], W.shape[0])

    return project


@misconception(exercise="project")
def vector_became_a_batch(work):
    """A single vector comes back as a batch of one; its result has one dimension, too."""

    def project(x, W):
        x = x.unsqueeze(0) if x.ndim == 1 else x
        return x @ W.T

    return project


@misconception(exercise="project")
def columns_left_over(work):
    """The dimension that made every vector a column is still there."""

    def project(x, W):
        return W @ x.unsqueeze(-1)

    return project


# --- 1.5 get_diag_element_3d -----------------------------------------------------------------------------------


def gathered(A, n):
    index = torch.arange(n, device=A.device).expand(A.shape[0], n).unsqueeze(2)
    return A.gather(2, index)


@misconception(exercise="get_diag_element_3d")
def batch_of_one_dropped(work):
    """`squeeze()` without a number also removes a stack of one matrix; the result always has two dimensions."""

    def get_diag_element_3D(A):
        return gathered(A, min(A.shape[1:])).squeeze()

    return get_diag_element_3D


@misconception(exercise="get_diag_element_3d")
def as_long_as_high(work):
    """The diagonal is taken to be as long as the matrix is high; it ends at the shorter side."""

    def get_diag_element_3D(A):
        return gathered(A, A.shape[1]).squeeze(2)

    return get_diag_element_3D


@misconception(exercise="get_diag_element_3d")
def as_long_as_wide(work):
    """The diagonal is taken to be as long as the matrix is wide; it ends at the shorter side."""

    def get_diag_element_3D(A):
        return gathered(A, A.shape[2]).squeeze(2)

    return get_diag_element_3D


@misconception(exercise="get_diag_element_3d")
def made_float32(work):
    """`torch.zeros(...)`, `torch.Tensor(...)` and `.float()` make float32 of everything, also of whole numbers."""

    def get_diag_element_3D(A):
        return gathered(A, min(A.shape[1:])).squeeze(2).float()

    return get_diag_element_3D


@misconception(exercise="get_diag_element_3d")
def rebuilt_by_torch_Tensor(work):
    """`torch.Tensor(list)` builds a float32 tensor from bare numbers: dtype and graph are lost on the way."""

    def get_diag_element_3D(A):
        C, H, W = A.shape
        return torch.Tensor([[A[i, k, k].item() for k in range(min(H, W))] for i in range(C)])

    return get_diag_element_3D


@misconception(exercise="get_diag_element_3d")
def rebuilt_by_torch_tensor(work):
    """`torch.tensor(list)` builds a new tensor from bare numbers, and autograd does not follow numbers."""

    def get_diag_element_3D(A):
        C, H, W = A.shape
        return torch.tensor([[A[i, k, k].item() for k in range(min(H, W))] for i in range(C)], dtype=A.dtype)

    return get_diag_element_3D


@misconception(exercise="get_diag_element_3d")
def first_two_dimensions(work):
    """`torch.diagonal` looks at the first two dimensions unless told otherwise; the matrices lie in the last two."""

    def get_diag_element_3D(A):
        return torch.diagonal(A)

    return get_diag_element_3D


@misconception(exercise="get_diag_element_3d")
def gathered_dimension_left(work):
    """`gather` returns the shape of the index; the dimension that was added for it is still there."""

    def get_diag_element_3D(A):
        return gathered(A, min(A.shape[1:]))

    return get_diag_element_3D


@misconception(exercise="get_diag_element_3d")
def the_other_diagonal(work):
    """The diagonal runs from the top left: row and column number grow together."""

    def get_diag_element_3D(A):
        return A.flip(2).diagonal(dim1=1, dim2=2)

    return get_diag_element_3D


@misconception(exercise="get_diag_element_3d")
def masked_and_summed(work):
    """Summing rows of a masked matrix gives one number for each row, also for rows below the end of the diagonal."""

    def get_diag_element_3D(A):
        return (A * torch.eye(*A.shape[1:], dtype=A.dtype, device=A.device)).sum(2)

    return get_diag_element_3D


@misconception(exercise="get_diag_element_3d")
def diagonals_in_columns(work):
    """The result is transposed: `torch.stack` puts its new dimension first unless told otherwise."""

    def get_diag_element_3D(A):
        return torch.stack([A[:, k, k] for k in range(min(A.shape[1:]))])

    return get_diag_element_3D


@misconception(exercise="get_diag_element_3d")
def first_matrix_only(work):
    """Only the first matrix was looked at; the others have diagonals, too."""

    def get_diag_element_3D(A):
        return A[0].diagonal().unsqueeze(0)

    return get_diag_element_3D


@misconception(exercise="get_diag_element_3d")
def every_so_many_elements(work):
    """In a tall matrix steps of width + 1 go on below the end of the diagonal."""

    def get_diag_element_3D(A):
        return A.reshape(A.shape[0], -1)[:, :: A.shape[2] + 1]

    return get_diag_element_3D


@misconception(exercise="get_diag_element_3d")
def matrix_left_over(work):
    """The rest of the matrix was set to zero, not taken away: the result still has rows and columns."""

    def get_diag_element_3D(A):
        return A * torch.eye(*A.shape[1:], dtype=A.dtype, device=A.device)

    return get_diag_element_3D


@misconception(exercise="get_diag_element_3d")
def cropped_in_place(work):
    """`resize_` crops the caller's own tensor, and rearranges its elements; a slice would leave it alone."""

    def get_diag_element_3D(A):
        n = min(A.shape[1:])
        return A.resize_(A.shape[0], n, n).diagonal(dim1=1, dim2=2)

    return get_diag_element_3D


@misconception(exercise="get_diag_element_3d")
def diagonals_joined(work):
    """The diagonals of all matrices stand in one row: joining is not stacking, each matrix should get a row of its own."""

    def get_diag_element_3D(A):
        return torch.cat([M.diagonal() for M in A])

    return get_diag_element_3D


# --- 1.6 column ------------------------------------------------------------------------------------------------


@misconception(exercise="column")
def index_select_for_both(work):
    """`index_select` always copies, keeps both dimensions and does not count from the end."""

    def column(A, j, copy):
        return torch.index_select(A, 1, torch.tensor([j], device=A.device))

    return column


@misconception(exercise="column")
def index_select_squeezed(work):
    """`index_select` always copies, even where a view is asked for, and knows no negative numbers."""

    def column(A, j, copy):
        return torch.index_select(A, 1, torch.tensor([j], device=A.device)).squeeze(1)

    return column


@misconception(exercise="column")
def index_select_for_the_copy(work):
    """The copy comes from `index_select`, which knows no negative numbers and answers a bad index with an error of its own."""

    def column(A, j, copy):
        return torch.index_select(A, 1, torch.tensor([j], device=A.device)).squeeze(1) if copy else A[:, j]

    return column


@misconception(exercise="column")
def always_a_view(work):
    """Indexing with a number, and reshaping the result, gives a view: nothing was copied when it should have been."""

    def column(A, j, copy):
        return A[:, j]

    return column


@misconception(exercise="column")
def always_a_copy(work):
    """Indexing with a list, cloning or stacking always copies: with copy=False the matrix should see what is written."""

    def column(A, j, copy):
        return A[:, j].clone()

    return column


@misconception(exercise="column")
def slice_of_one_column(work):
    """A slice keeps its dimension, and from -1 to 0 there is nothing in it."""

    def column(A, j, copy):
        part = A[:, j : j + 1]
        return part.clone() if copy else part

    return column


@misconception(exercise="column")
def slice_squeezed(work):
    """A slice that ends at j + 1 is empty for j = -1 and for columns that do not exist, and raises no error."""

    def column(A, j, copy):
        part = A[:, j : j + 1].squeeze(1)
        return part.clone() if copy else part

    return column


@misconception(exercise="column")
def flag_the_wrong_way_round(work):
    """View and copy are exchanged: read again what copy=True promises."""

    def column(A, j, copy):
        return A[:, j] if copy else A[:, j].clone()

    return column


@misconception(exercise="column")
def row_instead_of_column(work):
    """The first index counts rows; a column is what has the same second index."""

    def column(A, j, copy):
        return A[j].clone() if copy else A[j]

    return column


@misconception(exercise="column")
def modulo_index(work):
    """The remainder brings every number into range, so that a column that does not exist gives another one silently."""

    def column(A, j, copy):
        view = A[:, j % A.shape[1]]
        return view.clone() if copy else view

    return column


@misconception(exercise="column")
def contiguous_for_a_copy(work):
    """`contiguous()` copies only what is not contiguous yet, which a column may well be."""

    def column(A, j, copy):
        return A[:, j].contiguous() if copy else A[:, j]

    return column


@misconception(exercise="column")
def negative_numbers_refused(work):
    """Negative numbers are refused; they count from the end."""

    def column(A, j, copy):
        if not 0 <= j < A.shape[1]:
            raise IndexError(j)
        return A[:, j].clone() if copy else A[:, j]

    return column


@misconception(exercise="column")
def detached_column(work):
    """The values are right, but `.data` and `.detach()` leave the graph: no gradient reaches the matrix."""

    def column(A, j, copy):
        return A.data[:, j].clone() if copy else A.data[:, j]

    return column


@misconception(exercise="column")
def value_error_for_a_bad_index(work):
    """An error is raised, but of another type than promised: lists and tensors raise IndexError for a bad index."""

    def column(A, j, copy):
        if not -A.shape[1] <= j < A.shape[1]:
            raise ValueError(j)
        return A[:, j].clone() if copy else A[:, j]

    return column


@misconception(exercise="column")
def height_squeezed_away(work):
    """`squeeze()` without a number also removes the height of a matrix of one row."""

    def column(A, j, copy):
        view = A[:, j].squeeze()
        return view.clone() if copy else view

    return column


@misconception(exercise="column")
def none_for_a_bad_index(work):
    """A column that does not exist gives None; the promised error does not come."""

    def column(A, j, copy):
        if -A.shape[1] <= j < A.shape[1]:
            return A[:, j].clone() if copy else A[:, j]
        return None

    return column


# --- 1.7 one_hot -----------------------------------------------------------------------------------------------


def in_range(labels, num_classes):
    if ((labels < 0) | (labels >= num_classes)).any():
        raise ValueError("label out of range")


def empty_rows(labels, num_classes, dtype=torch.int64):
    return torch.zeros(*labels.shape, num_classes, dtype=dtype, device=labels.device)


@misconception(exercise="one_hot")
def classes_from_the_batch(work):
    """The largest label in the batch decides the number of columns: a batch without the last class gets too few."""

    def one_hot(labels, num_classes):
        in_range(labels, num_classes)
        largest = int(labels.max()) if labels.numel() else -1
        return empty_rows(labels, largest + 1).scatter_(-1, labels.unsqueeze(-1), 1)

    return one_hot


@misconception(exercise="one_hot")
def scattered_along_the_first(work):
    """The dimension given to `scatter_` is the one that the labels count along; here they count classes, which come last."""

    def one_hot(labels, num_classes):
        in_range(labels, num_classes)
        return empty_rows(labels, num_classes).scatter_(0, labels.unsqueeze(-1), 1)

    return one_hot


@misconception(exercise="one_hot")
def compared_and_made_float(work):
    """The rows are floating-point where whole numbers are asked for, and a label that is no class goes unnoticed."""

    def one_hot(labels, num_classes):
        return (labels.unsqueeze(-1) == torch.arange(num_classes, device=labels.device)).float()

    return one_hot


@misconception(exercise="one_hot")
def compared_unchecked(work):
    """A label that is no class gives a row of zeros; the promised error does not come."""

    def one_hot(labels, num_classes):
        return (labels.unsqueeze(-1) == torch.arange(num_classes, device=labels.device)).long()

    return one_hot


@misconception(exercise="one_hot")
def truth_values(work):
    """A comparison gives True and False; asked for are the whole numbers 1 and 0."""

    def one_hot(labels, num_classes):
        in_range(labels, num_classes)
        return labels.unsqueeze(-1) == torch.arange(num_classes, device=labels.device)

    return one_hot


@misconception(exercise="one_hot")
def rows_of_floats(work):
    """`torch.zeros` and `torch.eye` make floating-point numbers unless they are told a dtype."""

    def one_hot(labels, num_classes):
        in_range(labels, num_classes)
        return empty_rows(labels, num_classes, torch.float32).scatter_(-1, labels.unsqueeze(-1), 1)

    return one_hot


@misconception(exercise="one_hot")
def range_unchecked(work):
    """A label out of range ends in torch's own error, which is not of the promised type."""

    def one_hot(labels, num_classes):
        return F.one_hot(labels, num_classes)

    return one_hot


@misconception(exercise="one_hot")
def rows_of_the_identity(work):
    """As an index, -1 means the last row, so that a negative label silently becomes the last class."""

    def one_hot(labels, num_classes):
        return torch.eye(num_classes, dtype=torch.int64, device=labels.device)[labels]

    return one_hot


@misconception(exercise="one_hot")
def only_large_labels_refused(work):
    """Labels can be out of range at both ends."""

    def one_hot(labels, num_classes):
        if (labels >= num_classes).any():
            raise ValueError("label out of range")
        return F.one_hot(labels, num_classes)

    return one_hot


@misconception(exercise="one_hot")
def last_label_allowed(work):
    """The label num_classes is let through; classes are counted from zero, so the last has the number before it."""

    def one_hot(labels, num_classes):
        if ((labels < 0) | (labels > num_classes)).any():
            raise ValueError("label out of range")
        return F.one_hot(labels, num_classes)

    return one_hot


@misconception(exercise="one_hot")
def labels_clamped(work):
    """Clamping turns a label that is no class into another class; an error was promised, so that someone notices."""

    def one_hot(labels, num_classes):
        return F.one_hot(labels.clamp(0, num_classes - 1), num_classes)

    return one_hot


@misconception(exercise="one_hot")
def one_dimension_only(work):
    """Labels of one dimension are taken for granted; the new dimension belongs behind all others, however many there are."""

    def one_hot(labels, num_classes):
        in_range(labels, num_classes)
        rows = torch.zeros(len(labels), num_classes, dtype=torch.int64, device=labels.device)
        return rows.scatter_(1, labels.unsqueeze(1), 1)

    return one_hot


@misconception(exercise="one_hot")
def shape_of_the_labels_lost(work):
    """All labels end up in one long batch; the shape of the labels has to come back."""

    def one_hot(labels, num_classes):
        in_range(labels, num_classes)
        return F.one_hot(labels.reshape(-1), num_classes)

    return one_hot


@misconception(exercise="one_hot")
def classes_in_front(work):
    """The classes are the first dimension of the result; they belong last, behind those of the labels."""

    def one_hot(labels, num_classes):
        in_range(labels, num_classes)
        return F.one_hot(labels, num_classes).movedim(-1, 0)

    return one_hot


@misconception(exercise="one_hot")
def label_written_as_value(work):
    """The label itself stands where a 1 is expected: the third argument of `scatter_` is what gets written."""

    def one_hot(labels, num_classes):
        in_range(labels, num_classes)
        index = labels.unsqueeze(-1)
        return empty_rows(labels, num_classes).scatter_(-1, index, index)

    return one_hot


@misconception(exercise="one_hot")
def labels_reshaped_in_place(work):
    """`unsqueeze_` gives the caller's own labels another shape; look at them after the call."""

    def one_hot(labels, num_classes):
        in_range(labels, num_classes)
        rows = empty_rows(labels, num_classes)
        return rows.scatter_(-1, labels.unsqueeze_(-1), 1)

    return one_hot


@misconception(exercise="one_hot")
def counted_from_one(work):
    """Every one stands a column too far to the left: classes are counted from zero."""

    def one_hot(labels, num_classes):
        in_range(labels, num_classes)
        return F.one_hot((labels - 1) % num_classes, num_classes)

    return one_hot


@misconception(exercise="one_hot")
def empty_memory(work):
    """`torch.empty` does not clear its memory: what stands between the ones is whatever was there before."""

    def one_hot(labels, num_classes):
        in_range(labels, num_classes)
        rows = torch.full((*labels.shape, num_classes), 94, device=labels.device)
        return rows.scatter_(-1, labels.unsqueeze(-1), 1)

    return one_hot


@misconception(exercise="one_hot")
def empty_batch_not_foreseen(work):
    """No labels have no largest one: `max()` and `min()` raise an error for an empty tensor."""

    def one_hot(labels, num_classes):
        if labels.max() >= num_classes or labels.min() < 0:
            raise ValueError("label out of range")
        return F.one_hot(labels, num_classes)

    return one_hot


@misconception(exercise="one_hot")
def whole_rows_marked(work):
    """The labels are used as numbers of rows, and whole rows are set to one; a label is the number of a column."""

    def one_hot(labels, num_classes):
        in_range(labels, num_classes)
        rows = empty_rows(labels, num_classes)
        rows[labels] = 1
        return rows

    return one_hot


@misconception(exercise="one_hot")
def every_label_in_every_row(work):
    """Each row shows the labels of the whole batch; row and column have to be paired."""

    def one_hot(labels, num_classes):
        in_range(labels, num_classes)
        rows = empty_rows(labels, num_classes)
        rows[..., labels] = 1
        return rows

    return one_hot


@misconception(exercise="one_hot")
def scattered_into_nowhere(work):
    """`scatter` without an underscore returns a new tensor, and what it returned was thrown away."""

    def one_hot(labels, num_classes):
        in_range(labels, num_classes)
        rows = empty_rows(labels, num_classes)
        rows.scatter(-1, labels.unsqueeze(-1), 1)
        return rows

    return one_hot


@misconception(exercise="one_hot")
def labels_modulo_classes(work):
    """The remainder makes a class of every number; an error was promised, so that someone notices."""

    def one_hot(labels, num_classes):
        return F.one_hot(labels % num_classes, num_classes)

    return one_hot


# --- 1.8 pieces ------------------------------------------------------------------------------------------------


def at_least_one(n):
    if n < 1:
        raise ValueError("at least one piece, please")


def cut(x, sizes, dim):
    return list(torch.split(x, sizes, dim))


@misconception(exercise="pieces")
def chunked(work):
    """`torch.chunk` rounds the length of a piece up and may come to its end before it has as many pieces as asked for."""

    def pieces(x, n, dim):
        at_least_one(n)
        return list(torch.chunk(x, n, dim))

    return pieces


@misconception(exercise="pieces")
def remainder_in_an_extra_piece(work):
    """Where the length cannot be divided evenly, the remainder becomes one more piece than asked for."""

    def pieces(x, n, dim):
        at_least_one(n)
        return cut(x, x.shape[dim] // n, dim)

    return pieces


@misconception(exercise="pieces")
def remainder_in_the_last_piece(work):
    """The last piece takes the whole remainder and gets too long: lengths may differ by one only."""

    def pieces(x, n, dim):
        at_least_one(n)
        size = x.shape[dim] // n
        return cut(x, [size] * (n - 1) + [x.shape[dim] - size * (n - 1)], dim)

    return pieces


@misconception(exercise="pieces")
def remainder_dropped(work):
    """The elements that cannot be divided evenly are gone: joined again, the pieces are shorter than the tensor."""

    def pieces(x, n, dim):
        at_least_one(n)
        size = x.shape[dim] // n
        return [x.narrow(dim, i * size, size) for i in range(n)]

    return pieces


@misconception(exercise="pieces")
def longer_pieces_last(work):
    """The lengths are right, but the longer pieces come last; they should come first."""

    def pieces(x, n, dim):
        at_least_one(n)
        size, more = divmod(x.shape[dim], n)
        return cut(x, [size] * (n - more) + [size + 1] * more, dim)

    return pieces


@misconception(exercise="pieces")
def always_along_the_first(work):
    """The argument dim has no effect: the tensor is always cut along its first dimension."""

    def pieces(x, n, dim):
        at_least_one(n)
        return list(torch.tensor_split(x, n))

    return pieces


@misconception(exercise="pieces")
def slices_counted_from_the_front(work):
    """A list times a negative number is empty, so that dim = -1 cuts along the first dimension."""

    def pieces(x, n, dim):
        at_least_one(n)
        size, more = divmod(x.shape[dim], n)
        ends = [i * size + min(i, more) for i in range(n + 1)]
        return [x[(*[slice(None)] * dim, slice(a, b))] for a, b in zip(ends, ends[1:])]

    return pieces


@misconception(exercise="pieces")
def pieces_of_length_n(work):
    """`torch.split` takes the length of a piece, not their number."""

    def pieces(x, n, dim):
        at_least_one(n)
        return cut(x, n, dim)

    return pieces


@misconception(exercise="pieces")
def copied_pieces(work):
    """The pieces are copies: what is written to one does not show in the tensor."""

    def pieces(x, n, dim):
        at_least_one(n)
        return [piece.clone() for piece in torch.tensor_split(x, n, dim)]

    return pieces


@misconception(exercise="pieces")
def dealt_like_cards(work):
    """The elements are dealt out in turn; joined again they come in another order."""

    def pieces(x, n, dim):
        at_least_one(n)
        front = x.movedim(dim, 0)
        return [front[i::n].movedim(0, dim) for i in range(n)]

    return pieces


@misconception(exercise="pieces")
def stacked_pieces(work):
    """`torch.stack` makes one tensor with a new dimension, for which all pieces would have to be equally long."""

    def pieces(x, n, dim):
        at_least_one(n)
        return torch.stack(torch.tensor_split(x, n, dim))

    return pieces


@misconception(exercise="pieces")
def number_unchecked(work):
    """Fewer than one piece ends in torch's own error, which is not of the promised type."""

    def pieces(x, n, dim):
        return list(torch.tensor_split(x, n, dim))

    return pieces


@misconception(exercise="pieces")
def empty_pieces_left_out(work):
    """There are fewer pieces than asked for if there is not enough for all; empty ones count as well."""

    def pieces(x, n, dim):
        at_least_one(n)
        return [piece for piece in torch.tensor_split(x, n, dim) if piece.numel()]

    return pieces


@misconception(exercise="pieces")
def more_pieces_than_elements_refused(work):
    """More pieces than elements are refused; only fewer than one piece is an error, and here some are empty."""

    def pieces(x, n, dim):
        if not 1 <= n <= x.shape[dim]:
            raise ValueError("too many pieces")
        return list(torch.tensor_split(x, n, dim))

    return pieces


@misconception(exercise="pieces")
def no_pieces_of_nothing(work):
    """Fewer than one piece gives an empty list; the promised error does not come."""

    def pieces(x, n, dim):
        return list(torch.tensor_split(x, n, dim)) if n > 0 else []

    return pieces


@misconception(exercise="pieces")
def lists_of_numbers(work):
    """The pieces are Python lists of numbers; they should be tensors, and views of x."""

    def pieces(x, n, dim):
        at_least_one(n)
        return [piece.tolist() for piece in torch.tensor_split(x, n, dim)]

    return pieces


@misconception(exercise="pieces")
def remainder_in_the_first_piece(work):
    """The first piece takes the whole remainder and gets too long: lengths may differ by one only."""

    def pieces(x, n, dim):
        at_least_one(n)
        size, more = divmod(x.shape[dim], n)
        return cut(x, [size + more] + [size] * (n - 1), dim)

    return pieces


@misconception(exercise="pieces")
def chunked_and_filled_up(work):
    """The number of pieces is right, but the first ones take so much that too little is left for the last."""

    def pieces(x, n, dim):
        at_least_one(n)
        found = list(torch.chunk(x, n, dim))
        return found + [x.narrow(dim, x.shape[dim], 0)] * (n - len(found))

    return pieces


@misconception(exercise="pieces")
def ends_rounded_down(work):
    """Rounding the place of each cut spreads the longer pieces among the shorter ones; they should come first."""

    def pieces(x, n, dim):
        at_least_one(n)
        ends = [i * x.shape[dim] // n for i in range(n + 1)]
        return [x.narrow(dim, a, b - a) for a, b in zip(ends, ends[1:])]

    return pieces


@misconception(exercise="pieces")
def detached_pieces(work):
    """The pieces share the memory of x but not its graph: no gradient finds its way back."""

    def pieces(x, n, dim):
        at_least_one(n)
        return list(torch.tensor_split(x.detach(), n, dim))

    return pieces


# --- 1.9 gradient ----------------------------------------------------------------------------------------------


def fresh(x):
    return x.detach().clone().requires_grad_()


def slope_of(y, at):
    """The gradient of a number; zeros where it does not depend on the place."""
    if not y.requires_grad:
        return torch.zeros_like(at.detach())
    return torch.autograd.grad(y, at, materialize_grads=True)[0]


@misconception(exercise="gradient")
def backward_on_x_itself(work):
    """The caller's x now requires gradients and keeps one in .grad, to which the next call adds: work on a tensor of your own."""

    def gradient(f, x):
        x.requires_grad_()
        f(x).sum().backward()
        return x.grad

    return gradient


@misconception(exercise="gradient")
def mark_left_on_x(work):
    """The caller's x requires gradients after the call although it did not before."""

    def gradient(f, x):
        x.requires_grad_()
        return slope_of(f(x).sum(), x)

    return gradient


@misconception(exercise="gradient")
def backward_without_a_sum(work):
    """Only a single number can be differentiated without further ado; f may return many."""

    def gradient(f, x):
        point = fresh(x)
        f(point).backward()
        return point.grad

    return gradient


@misconception(exercise="gradient")
def unused_input_not_allowed(work):
    """`torch.autograd.grad` raises an error for an input that the output does not depend on, unless it is told not to."""

    def gradient(f, x):
        point = fresh(x)
        return torch.autograd.grad(f(point).sum(), point)[0]

    return gradient


@misconception(exercise="gradient")
def none_for_an_unused_input(work):
    """Where f does not use x torch returns None; the derivative is a tensor of zeros."""

    def gradient(f, x):
        point = fresh(x)
        total = f(point).sum()
        return torch.autograd.grad(total, point, allow_unused=True)[0] if total.requires_grad else None

    return gradient


@misconception(exercise="gradient")
def constants_not_foreseen(work):
    """A function that returns a constant has no graph at all, so there is nothing to differentiate, and autograd complains."""

    def gradient(f, x):
        point = fresh(x)
        slope = torch.autograd.grad(f(point).sum(), point, allow_unused=True)[0]
        return torch.zeros_like(x) if slope is None else slope

    return gradient


@misconception(exercise="gradient")
def graph_of_the_gradient(work):
    """With create_graph=True the derivative is part of a graph of its own, which is for second derivatives only."""

    def gradient(f, x):
        point = fresh(x)
        total = f(point).sum()
        if not total.requires_grad:
            return torch.zeros_like(x.detach())
        return torch.autograd.grad(total, point, create_graph=True, materialize_grads=True)[0]

    return gradient


@misconception(exercise="gradient")
def gradients_for_everyone(work):
    """`backward()` leaves gradients in every leaf that f uses, not in yours alone."""

    def gradient(f, x):
        point = fresh(x)
        total = f(point).sum()
        if total.requires_grad:
            total.backward()
        return torch.zeros_like(x.detach()) if point.grad is None else point.grad

    return gradient


@misconception(exercise="gradient")
def mean_of_the_outputs(work):
    """The outputs are averaged; the sum of them is asked for, so each counts fully."""

    def gradient(f, x):
        point = fresh(x)
        return slope_of(f(point).mean(), point)

    return gradient


@misconception(exercise="gradient")
def one_output_only(work):
    """Only the first output is differentiated; the others depend on x as well."""

    def gradient(f, x):
        point = fresh(x)
        return slope_of(f(point).reshape(-1)[0], point)

    return gradient


@misconception(exercise="gradient")
def copy_not_watched(work):
    """A detached copy is not followed by autograd until someone says that it should be."""

    def gradient(f, x):
        point = x.detach().clone()
        return torch.autograd.grad(f(point).sum(), point)[0]

    return gradient


@misconception(exercise="gradient")
def x_has_to_be_watched_already(work):
    """This counts on a caller whose x requires gradients; x may be a plain tensor."""

    def gradient(f, x):
        return torch.autograd.grad(f(x).sum(), x, materialize_grads=True)[0]

    return gradient


@misconception(exercise="gradient")
def cleared_afterwards(work):
    """Tidying up went too far: x had a gradient, or required one, before the call, and now it does not."""

    def gradient(f, x):
        x.requires_grad_()
        slope = slope_of(f(x).sum(), x)
        x.grad = None
        x.requires_grad_(False)
        return slope

    return gradient


@misconception(exercise="gradient")
def finite_differences(work):
    """Differences of nearby values are only near the derivative, and moving all elements at once mixes their effects."""

    def gradient(f, x):
        h = 1e-3
        with torch.no_grad():
            return (f(x + h) - f(x - h)).sum() / (2 * h) * torch.ones_like(x)

    return gradient


@misconception(exercise="gradient")
def value_instead_of_slope(work):
    """What comes back is what f returns; asked for is its derivative."""

    def gradient(f, x):
        return f(x.detach()).detach()

    return gradient


@misconception(exercise="gradient")
def computed_without_recording(work):
    """Under no_grad nothing is recorded, so there is nothing that could be played back."""

    def gradient(f, x):
        point = fresh(x)
        with torch.no_grad():
            total = f(point).sum()
        return torch.autograd.grad(total, point)[0]

    return gradient


@misconception(exercise="gradient")
def backward_returns_nothing(work):
    """`backward()` returns None: it leaves the derivative in .grad."""

    def gradient(f, x):
        point = fresh(x)
        total = f(point).sum()
        return total.backward() if total.requires_grad else torch.zeros_like(x.detach())

    return gradient


@misconception(exercise="gradient")
def backward_on_a_copy(work):
    """A copy spares x, but `backward()` also leaves gradients in the other leaves that f uses, and none where f ignores x."""

    def gradient(f, x):
        point = fresh(x)
        f(point).sum().backward()
        return point.grad

    return gradient


@misconception(exercise="gradient")
def tuple_of_gradients(work):
    """`torch.autograd.grad` always returns a tuple, one gradient for each input, even if there is only one."""

    def gradient(f, x):
        point = fresh(x)
        total = f(point).sum()
        if not total.requires_grad:
            return (torch.zeros_like(x.detach()),)
        return torch.autograd.grad(total, point, materialize_grads=True)

    return gradient


@misconception(exercise="gradient")
def ones_of_the_shape_of_x(work):
    """The gradient from above belongs to the outputs and has their shape, which need not be that of x."""

    def gradient(f, x):
        point = fresh(x)
        y = f(point)
        if not y.requires_grad:
            return torch.zeros_like(x.detach())
        return torch.autograd.grad(y, point, torch.ones_like(x), materialize_grads=True)[0]

    return gradient


@misconception(exercise="gradient")
def whole_jacobian(work):
    """The Jacobian has a derivative for each pair of output and input; here the outputs are summed."""

    def gradient(f, x):
        return torch.autograd.functional.jacobian(f, x.detach())

    return gradient


# --- 1.10 gradient_descent -------------------------------------------------------------------------------------


def cleared(params):
    for p in params:
        p.grad = None


def moved(params, lr):
    """One update as it should be, without clearing."""
    with torch.no_grad():
        for p in params:
            if p.grad is not None:
                p -= lr * p.grad


@misconception(exercise="gradient_descent")
def names_rebound(work):
    """`p = p - ...` makes a new tensor and gives it the name p; the caller's parameter never changes."""

    def gradient_descent(params, loss_fn, lr, steps):
        losses = []
        for _ in range(steps):
            cleared(params)
            loss = loss_fn(params)
            loss.backward()
            losses.append(loss.item())
            for p in params:
                if p.grad is not None:
                    p = p - lr * p.grad
        cleared(params)
        return losses

    return gradient_descent


@misconception(exercise="gradient_descent")
def update_recorded(work):
    """Autograd wants to record the update as well, and refuses to do so for a leaf that is changed in place."""

    def gradient_descent(params, loss_fn, lr, steps):
        losses = []
        for _ in range(steps):
            loss = loss_fn(params)
            loss.backward()
            losses.append(loss.item())
            for p in params:
                p -= lr * p.grad
                p.grad = None
        return losses

    return gradient_descent


@misconception(exercise="gradient_descent")
def loss_not_recorded(work):
    """The loss is computed where autograd does not record, so there is nothing to differentiate; only the update belongs there."""

    def gradient_descent(params, loss_fn, lr, steps):
        losses = []
        with torch.no_grad():
            for _ in range(steps):
                cleared(params)
                loss = loss_fn(params)
                loss.backward()
                losses.append(loss.item())
                moved(params, lr)
        return losses

    return gradient_descent


@misconception(exercise="gradient_descent")
def losses_with_their_graphs(work):
    """The list holds tensors, each of which keeps its whole graph in memory; numbers are asked for."""

    def gradient_descent(params, loss_fn, lr, steps):
        losses = []
        for _ in range(steps):
            cleared(params)
            loss = loss_fn(params)
            loss.backward()
            losses.append(loss)
            moved(params, lr)
        cleared(params)
        return losses

    return gradient_descent


@misconception(exercise="gradient_descent")
def gradients_add_up(work):
    """`backward()` adds to what is already in .grad: from the second step on the old gradients count again."""

    def gradient_descent(params, loss_fn, lr, steps):
        losses = []
        cleared(params)
        for _ in range(steps):
            loss = loss_fn(params)
            loss.backward()
            losses.append(loss.item())
            moved(params, lr)
        cleared(params)
        return losses

    return gradient_descent


@misconception(exercise="gradient_descent")
def gradients_never_cleared(work):
    """`backward()` adds to what is already in .grad, and nobody empties it: not before, not between, not after the steps."""

    def gradient_descent(params, loss_fn, lr, steps):
        losses = []
        for _ in range(steps):
            loss = loss_fn(params)
            loss.backward()
            losses.append(loss.item())
            moved(params, lr)
        return losses

    return gradient_descent


@misconception(exercise="gradient_descent")
def last_gradient_left(work):
    """The gradient of the last step is still in .grad, and the caller's next backward pass would add to it."""

    def gradient_descent(params, loss_fn, lr, steps):
        losses = []
        for _ in range(steps):
            cleared(params)
            loss = loss_fn(params)
            loss.backward()
            losses.append(loss.item())
            moved(params, lr)
        return losses

    return gradient_descent


@misconception(exercise="gradient_descent")
def old_gradient_counts(work):
    """The first step uses a gradient that was in .grad before the call: clearing after each step comes too late for it."""

    def gradient_descent(params, loss_fn, lr, steps):
        losses = []
        for _ in range(steps):
            loss = loss_fn(params)
            loss.backward()
            losses.append(loss.item())
            moved(params, lr)
            cleared(params)
        return losses

    return gradient_descent


@misconception(exercise="gradient_descent")
def improved_copies(work):
    """The losses fall, but what was improved are new tensors; the caller's parameters are where they were."""

    def gradient_descent(params, loss_fn, lr, steps):
        losses, current = [], params
        for _ in range(steps):
            cleared(current)
            loss = loss_fn(current)
            loss.backward()
            losses.append(loss.item())
            slopes = [torch.zeros_like(p) if p.grad is None else p.grad for p in current]
            cleared(params)
            current = [(p - lr * g).detach().requires_grad_() for p, g in zip(current, slopes)]
        return losses

    return gradient_descent


@misconception(exercise="gradient_descent")
def list_refilled(work):
    """The list now holds other tensors; the model they came from still has the old ones."""

    def gradient_descent(params, loss_fn, lr, steps):
        losses = []
        for _ in range(steps):
            cleared(params)
            loss = loss_fn(params)
            loss.backward()
            losses.append(loss.item())
            for i, p in enumerate(params):
                if p.grad is not None:
                    params[i] = (p - lr * p.grad).detach().requires_grad_()
                    p.grad = None
        return losses

    return gradient_descent


@misconception(exercise="gradient_descent")
def new_memory_for_data(work):
    """`p.data = ...` gives the parameter new memory: whoever has a view of the old one sees no change."""

    def gradient_descent(params, loss_fn, lr, steps):
        losses = []
        for _ in range(steps):
            cleared(params)
            loss = loss_fn(params)
            loss.backward()
            losses.append(loss.item())
            for p in params:
                if p.grad is not None:
                    p.data = p.data - lr * p.grad
        cleared(params)
        return losses

    return gradient_descent


@misconception(exercise="gradient_descent")
def uphill(work):
    """The loss grows: the gradient points uphill, so the step goes against it."""
    right = work.gradient_descent

    def gradient_descent(params, loss_fn, lr, steps):
        return right(params, loss_fn, -lr, steps)

    return gradient_descent


@misconception(exercise="gradient_descent")
def loss_after_the_step(work):
    """The losses are those after each step, for which the loss function is called again; wanted are those before."""

    def gradient_descent(params, loss_fn, lr, steps):
        losses = []
        for _ in range(steps):
            cleared(params)
            loss_fn(params).backward()
            moved(params, lr)
            losses.append(loss_fn(params).item())
        cleared(params)
        return losses

    return gradient_descent


@misconception(exercise="gradient_descent")
def one_loss_too_many(work):
    """There is a loss for the end as well; each step has one, from before the parameters moved."""
    right = work.gradient_descent

    def gradient_descent(params, loss_fn, lr, steps):
        return [*right(params, loss_fn, lr, steps), loss_fn(params).item()]

    return gradient_descent


@misconception(exercise="gradient_descent")
def one_after_the_other(work):
    """The second parameter already sees the first one moved: all gradients of a step come from the same loss."""

    def gradient_descent(params, loss_fn, lr, steps):
        losses = []
        for _ in range(steps):
            for i, p in enumerate(params):
                cleared(params)
                loss = loss_fn(params)
                loss.backward()
                if i == 0:
                    losses.append(loss.item())
                moved([p], lr)
        cleared(params)
        return losses

    return gradient_descent


@misconception(exercise="gradient_descent")
def frozen_afterwards(work):
    """The parameters no longer require gradients after the call: what was switched off for the update stays off."""

    def gradient_descent(params, loss_fn, lr, steps):
        losses = []
        for _ in range(steps):
            for p in params:
                p.requires_grad_(True)
                p.grad = None
            loss = loss_fn(params)
            loss.backward()
            losses.append(loss.item())
            for p in params:
                p.requires_grad_(False)
                if p.grad is not None:
                    p -= lr * p.grad
                    p.grad = None
        return losses

    return gradient_descent


@misconception(exercise="gradient_descent")
def missing_gradient_not_foreseen(work):
    """The gradient of a parameter that the loss does not use is None, and None cannot be multiplied."""

    def gradient_descent(params, loss_fn, lr, steps):
        losses = []
        for _ in range(steps):
            cleared(params)
            loss = loss_fn(params)
            loss.backward()
            losses.append(loss.item())
            with torch.no_grad():
                for p in params:
                    p -= lr * p.grad
        cleared(params)
        return losses

    return gradient_descent


@misconception(exercise="gradient_descent")
def last_loss_only(work):
    """Only the last loss is returned; the task asks for a list with one for each step."""
    right = work.gradient_descent

    def gradient_descent(params, loss_fn, lr, steps):
        losses = right(params, loss_fn, lr, steps)
        return losses[-1] if losses else None

    return gradient_descent


@misconception(exercise="gradient_descent")
def return_inside_the_loop(work):
    """The function returns after its first step: look at how far the return is indented."""
    right = work.gradient_descent

    def gradient_descent(params, loss_fn, lr, steps):
        return right(params, loss_fn, lr, min(steps, 1))

    return gradient_descent


@misconception(exercise="gradient_descent")
def learning_rate_forgotten(work):
    """The parameters move by the whole gradient; the learning rate has no effect."""
    right = work.gradient_descent

    def gradient_descent(params, loss_fn, lr, steps):
        return right(params, loss_fn, 1.0, steps)

    return gradient_descent


@misconception(exercise="gradient_descent")
def losses_not_returned(work):
    """The parameters are right, but nothing is returned."""
    right = work.gradient_descent

    def gradient_descent(params, loss_fn, lr, steps):
        right(params, loss_fn, lr, steps)

    return gradient_descent


@misconception(exercise="gradient_descent")
def losses_in_a_tensor(work):
    """The losses are in a tensor; a list of Python floats is asked for."""
    right = work.gradient_descent

    def gradient_descent(params, loss_fn, lr, steps):
        return torch.tensor(right(params, loss_fn, lr, steps))

    return gradient_descent


@misconception(exercise="gradient_descent")
def first_parameter_only(work):
    """Only the first parameter moves; the list may hold any number of them."""

    def gradient_descent(params, loss_fn, lr, steps):
        losses = []
        for _ in range(steps):
            cleared(params)
            loss = loss_fn(params)
            loss.backward()
            losses.append(loss.item())
            moved(params[:1], lr)
        cleared(params)
        return losses

    return gradient_descent


# --- 1.11 brighten ---------------------------------------------------------------------------------------------


@misconception(exercise="brighten")
def wrapped_around(work):
    """uint8 begins again at 0 after 255, and clamping afterwards comes too late: all wrapped values look like pixels."""

    def brighten(img, delta):
        return (img + delta).clamp(0, 255)

    return brighten


@misconception(exercise="brighten")
def left_as_int32(work):
    """The values are right, but they are no longer pixels: the dtype is that of the calculation."""

    def brighten(img, delta):
        return (img.int() + delta).clamp(0, 255)

    return brighten


@misconception(exercise="brighten")
def left_as_float(work):
    """The values are right, but they are no longer pixels: a calculation in floats stays one until it is converted."""

    def brighten(img, delta):
        return (img.float() + delta).clamp(0, 255)

    return brighten


@misconception(exercise="brighten")
def larger_type_without_ends(work):
    """A larger dtype holds numbers beyond both ends of the range; they are neither cut off nor pixels again."""

    def brighten(img, delta):
        return img.int() + delta

    return brighten


@misconception(exercise="brighten")
def changed_in_place(work):
    """The caller's own image becomes brighter, and brighter still with every call."""

    def brighten(img, delta):
        return img.copy_((img.int() + delta).clamp(0, 255))

    return brighten


@misconception(exercise="brighten")
def only_the_upper_end(work):
    """Only the upper end is watched; a darker image wraps around at the lower one."""

    def brighten(img, delta):
        return (img.int() + delta).clamp(max=255).to(torch.uint8)

    return brighten


@misconception(exercise="brighten")
def only_the_lower_end(work):
    """Only the lower end is watched; a brighter image wraps around at the upper one."""

    def brighten(img, delta):
        return (img.int() + delta).clamp(min=0).to(torch.uint8)

    return brighten


@misconception(exercise="brighten")
def range_from_zero_to_one(work):
    """The values were cut off at 1, as if the image were made of floats; these pixels go up to 255."""

    def brighten(img, delta):
        return (img.float() + delta).clamp(0, 1).to(torch.uint8)

    return brighten


@misconception(exercise="brighten")
def scaled_instead_of_shifted(work):
    """The image is multiplied, so that bright pixels change more than dark ones; the same number is to be added to all."""

    def brighten(img, delta):
        return (img.float() * (1 + delta / 255)).clamp(0, 255).to(torch.uint8)

    return brighten


@misconception(exercise="brighten")
def signed_bytes(work):
    """int8 ends at 127: the brighter half of all pixels is negative in it."""

    def brighten(img, delta):
        return (img.to(torch.int8).int() + delta).clamp(0, 255).to(torch.uint8)

    return brighten


@misconception(exercise="brighten")
def cut_off_at_256(work):
    """What is too bright turns black: 256 is one more than a byte can hold."""

    def brighten(img, delta):
        return (img.int() + delta).clamp(0, 256).to(torch.uint8)

    return brighten


@misconception(exercise="brighten")
def image_through_numpy(work):
    """NumPy arrays live in the memory of the CPU: an image on another device cannot come along."""

    def brighten(img, delta):
        return torch.from_numpy(np.clip(img.numpy().astype(int) + delta, 0, 255).astype(np.uint8))

    return brighten


@misconception(exercise="brighten")
def same_image_for_nothing(work):
    """Where nothing is added the caller gets the image itself back, not a new one: writing to the result changes it."""

    def brighten(img, delta):
        return (img.int() + delta).clamp(0, 255).to(torch.uint8) if delta else img

    return brighten


@misconception(exercise="brighten")
def delta_made_positive(work):
    """A negative delta makes the image brighter, too; it should become darker."""

    def brighten(img, delta):
        return (img.int() + abs(delta)).clamp(0, 255).to(torch.uint8)

    return brighten


@misconception(exercise="brighten")
def delta_as_a_byte(work):
    """delta was turned into a byte before the addition and wrapped around there; it may be negative or beyond 255."""

    def brighten(img, delta):
        return (img.int() + torch.tensor(delta % 256)).clamp(0, 255).to(torch.uint8)

    return brighten


@misconception(exercise="brighten")
def fraction_cut_off(work):
    """Some pixels are one too dark: a division by 255 is not undone exactly, and converting to uint8 cuts off the rest."""

    def brighten(img, delta):
        return ((img.float() / 255 + delta / 255).clamp(0, 1) * 255).to(torch.uint8)

    return brighten


@misconception(exercise="brighten")
def values_fetched_from_the_device(work):
    """`.cpu()`, `.item()` and `.tolist()` fetch values to the CPU; nothing here needs them there, and on meta there are none."""

    def brighten(img, delta):
        return (img.cpu().int() + delta).clamp(0, 255).to(torch.uint8)

    return brighten
