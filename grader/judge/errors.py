"""What the errors that students meet most often mean, in a sentence."""

from __future__ import annotations

import re

# (error type or "", pattern in its text, what it means). The first that fits is used.
_MEANINGS = (
    ("NotImplementedError", r"^$", "this is not written yet: it still raises NotImplementedError"),
    (
        "NotImplementedError",
        r'missing the required "forward"',
        "a module without a forward method was called; a ModuleList or ModuleDict only holds "
        "modules, it does not run them",
    ),
    ("", r"mat1 and mat2 shapes cannot be multiplied", "the inner sizes of a matrix product do not match"),
    (
        "",
        r"must be a matrix|batch[12] must be a 3D tensor|need to be at least 1D",
        "this product takes a fixed number of dimensions",
    ),
    (
        "",
        r"a leaf Variable that requires grad is being used in an in-place",
        "a parameter is changed in place while autograd records; updates belong under torch.no_grad()",
    ),
    (
        "",
        r"modified by an inplace operation",
        "a tensor that the backward pass needs was changed in place; make a new tensor instead",
    ),
    ("", r"optimizer got an empty parameter list", "the model has registered no parameters"),
    ("", r"appear in more than one parameter group", "the optimizer was given a parameter twice"),
    (
        "",
        r"does not require grad and does not have a grad_fn",
        "the result is cut off from the graph: something detached it or made it a plain number",
    ),
    ("", r"grad can be implicitly created only for scalar outputs", "backward() needs a single number; reduce first"),
    ("", r"backward through the graph a second time", "the graph was used up by an earlier backward pass"),
    (
        "",
        r"stack expects each tensor to be equal size",
        "the samples have different sizes and cannot be stacked as they are",
    ),
    (
        "",
        r"target dtype to be Long|scalar types?:? Long",
        "labels and indices must be whole numbers (int64)",
    ),
    (
        "",
        r"to be on the same device|is not on the expected device|on the same device as the indexed tensor"
        r"|Input type .*torch\.(cuda|mps|rehearsal)\.\w+.* should be the same",
        "two tensors live on different devices: what is made anew has to be where the input is",
    ),
    (
        "",
        r"(expected|have) .*(scalar type|dtype)|must have the same dtype|same dtype|Input type .* should be the same",
        "two tensors have different dtypes",
    ),
    ("", r"view size is not compatible", "view() cannot read this memory in the order that is asked for"),
    ("", r"shape '.*' is invalid for input of size", "the number of elements does not fit the shape that is asked for"),
    ("", r"The size of tensor a .* must match the size of tensor b", "two shapes do not broadcast"),
    ("TypeError", r"device type tensor to numpy", "numpy works on the CPU only: use .cpu() before .numpy()"),
    ("", r"device type for generator but found", "a generator makes numbers for its own device only"),
    ("", r"Sizes of tensors must match except", "tensors are joined along one dimension; all the others must match"),
    ("", r"to have \d+ channels, but got", "the input has another number of channels than the layer expects"),
    ("", r"Can't call numpy\(\) on Tensor that requires grad", "autograd still follows this tensor; detach() it first"),
    ("", r"floating point (and complex )?dtype can require gradients", "only floating-point tensors have gradients"),
    ("", r"Boolean value of Tensor", "an if needs one truth value, and this tensor holds several"),
    ("", r"cannot be converted to Scalar", "item() needs a tensor of one element"),
    ("", r"(Missing|Unexpected) key\(s\) in state_dict", "the saved names are not those of the model"),
    ("", r"before Module\.__init__\(\) call", "a module's __init__ starts with super().__init__()"),
    ("NameError", r"is not defined", "nothing defines this name where it is used"),
    ("", r"Target -?\d+ is out of bounds", "a label is not smaller than the number of classes"),
    (
        "",
        r"index out of range in self|index -?\d+ is out of bounds",
        "an index is beyond the size of what it looks into",
    ),
    (
        "",
        r"(CUDA|HIP) out of memory|CUDA error: out of memory|CUBLAS_STATUS_ALLOC_FAILED",
        "more GPU memory was asked for than is allowed: smaller batches, or fewer tensors kept there, need less",
    ),
    (
        "",
        r"device-side assert",
        "the GPU was given a value that it cannot use, as a rule an index that is too large or a label that is not "
        "smaller than the number of classes",
    ),
    ("", r"illegal memory access|misaligned address", "the GPU read or wrote where none of its tensors is"),
    ("", r"re-initialize CUDA in forked", "a process that was forked cannot use the GPU its parent uses"),
    ("", r"CUDA error: |CUBLAS_STATUS_|CUDNN_STATUS_", "the GPU failed, and what is at fault shows on the CPU only"),
    ("", r"can't allocate memory|DefaultCPUAllocator", "more memory was asked for than is allowed"),
    ("MemoryError", r"", "more memory was asked for than is allowed"),
    ("", r"incorrect number of gradients", "backward must return one gradient for each argument of forward"),
    ("", r"sampler option is mutually exclusive with shuffle", "a loader takes either a sampler or shuffle=True"),
    (
        "",
        r"Can't pickle|Can't get local object",
        "workers need functions and classes that are defined at the top of a cell",
    ),
    (
        "TypeError",
        r"missing \d+ required positional argument",
        "it is called with the arguments that the task names; its signature asks for more",
    ),
    (
        "TypeError",
        r"takes \d+ positional arguments? but \d+ (was|were) given",
        "it is called with the arguments that the task names; its signature takes fewer",
    ),
    (
        "TypeError",
        r"unexpected keyword argument",
        "it is called with the names that the task gives; its signature has others",
    ),
    (
        "TypeError",
        r"'NoneType' object is not|not NoneType|operand type.*'NoneType'",
        "something is None where a value is needed: is a return missing?",
    ),
    (
        "AttributeError",
        r"'NoneType' object has no attribute",
        "something is None where an object is needed: is a return missing?",
    ),
    ("RecursionError", r"", "a function calls itself without end"),
    ("SystemExit", r"", "the code asked Python to exit"),
)


def meaning(error: str, message: str) -> str:
    """Say what an error means.

    Args:
        error: Its type's name.
        message: Its text.

    Returns:
        A clause for students, "" where the error has to speak for itself.

    Example:
        >>> meaning("ValueError", "optimizer got an empty parameter list")
        'the model has registered no parameters'
    """
    for kind, pattern, said in _MEANINGS:
        if kind in ("", error) and re.search(pattern, message):
            return said
    return ""
