# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Homework 3 — Custom MNIST dataset, transforms, DataLoader
#
# A network never sees a file. It sees batches: float tensors of one shape, in an order you chose, with the numbers in
# a range you know. This homework is about everything between the bytes on the disk and that batch. Most bugs that
# live here raise no error; the model simply learns less than it could. So the exercises ask not only "is the value
# right?" but also "is the second read equal to the first?" and "whose random numbers did you use?".
#
# | | exercise | points |
# |---|---|---|
# | 3.1 | `read_idx` | 12 |
# | 3.2 | `MyMNISTDataset` | 18 |
# | 3.3 | `ToFloatTensor`, `Normalize`, `RandomShift`, `Compose` | 12 |
# | 3.4 | `channel_stats` | 10 |
# | 3.5 | `split_with_transforms` | 8 |
# | 3.6 | `make_loaders` | 10 |
# | 3.7 | `pad_collate` | 8 |
# | 3.8 | `balanced_sampler` | 8 |
# | 3.9 | `BucketBatchSampler` | 8 |
# | 3.10 | `NoisyDataset`, `seed_worker` | 6 |
#
# Every exercise stands on its own: a mistake in one costs nothing in another. Replace `raise NotImplementedError` with
# your code, and keep the names and signatures.
#
# **The data.** The folder `data/MNIST/raw` beside this notebook holds 1,437 + 360 real handwritten digits in MNIST's
# own file format (`data/README.md` says where they come from), so nothing is downloaded. On a machine with internet
# access you can work with the full 60,000 images; torchvision writes them to the same place under the same names:
#
# ```python
# torchvision.datasets.MNIST("mnist", train=True, download=True)   # then read "mnist/MNIST/raw"
# ```

# %%
import math
import struct
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import (
    DataLoader,
    Dataset,
    Sampler,
    Subset,
    WeightedRandomSampler,
    default_collate,
    get_worker_info,
    random_split,
)
from torchvision.datasets.mnist import read_image_file, read_label_file

RAW = "data/MNIST/raw"


def load_images(path):
    """Given: read a well-formed IDX image file into a uint8 array (N, H, W)."""
    return read_image_file(str(path)).numpy()


def load_labels(path):
    """Given: read a well-formed IDX label file into an int64 array (N,)."""
    return read_label_file(str(path)).numpy()


# %% [markdown]
# `load_images` and `load_labels` are given, so that exercise 3.2 does not depend on your answer to 3.1. This is what a
# few of the digits look like:

# %%
import matplotlib.pyplot as plt

strip = np.hstack(load_images(f"{RAW}/train-images-idx3-ubyte")[:8])
figure, axes = plt.subplots(figsize=(8, 1.2))
axes.imshow(strip, cmap="gray")
axes.set_title(f"labels: {load_labels(f'{RAW}/train-labels-idx1-ubyte')[:8].tolist()}")
axes.set_axis_off()
plt.show()
plt.close(figure)

# %% [markdown]
# ## 3.1 Read an IDX file (12 points)
#
# MNIST is stored as IDX, about the simplest format an array can have:
#
# | bytes | meaning |
# |---|---|
# | 0, 1 | always zero |
# | 2 | type code: `0x08` is uint8 (others: `0x09` int8, `0x0B` int16, `0x0C` int32, `0x0D` float32, `0x0E` float64) |
# | 3 | number of dimensions *d* (1 for labels, 3 for grey images, 4 for colour images, …) |
# | 4 … 4 + 4·*d* | the *d* sizes, 4 bytes each, **big-endian** unsigned |
# | the rest | the values, last dimension fastest |
#
# Big-endian means "most significant byte first", and most computers keep numbers the other way round:

# %%
four_bytes = b"\x00\x00\x08\x03"
print(int.from_bytes(four_bytes, "big"), int.from_bytes(four_bytes, "little"))

# %% [markdown]
# **Task.** Write `read_idx(path)` for *any* uint8 IDX file: any number of dimensions from 1 on, any sizes, 0 included. A
# file that is not one must not be read as noise: a wrong beginning and a wrong length are both a `ValueError`.


# %%
def read_idx(path):
    """Read a uint8 IDX file.

    Args:
        path: the file, as a string or a `Path`.

    Returns:
        A uint8 `np.ndarray` of the shape that the header states. It is writable: it owns its memory and is not a
        read-only view of the file's bytes.

    Raises:
        ValueError: The first two bytes are not zero; the type code is not 0x08; the file ends within the header, be it
            in the first four bytes; or the number of values in the file is not the one the header states (too few or
            too many).
    """
    ### BEGIN SOLUTION
    raw = Path(path).read_bytes()
    if raw[:2] != b"\x00\x00" or len(raw) < 4:
        raise ValueError(f"{path} is not an IDX file: it starts with {raw[:4].hex()}")
    if raw[2] != 0x08:
        raise ValueError(f"{path} holds values of type code {raw[2]:#04x}, only 0x08 (uint8) can be read")
    dimensions = raw[3]
    start = 4 + 4 * dimensions
    if len(raw) < start:
        raise ValueError(f"{path} ends within its header")
    shape = struct.unpack(f">{dimensions}I", raw[4:start])
    if len(raw) - start != math.prod(shape):
        raise ValueError(f"{path} should hold {math.prod(shape)} values, but holds {len(raw) - start}")
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape).copy()
    ### END SOLUTION


# %% [markdown]
# ## 3.2 A dataset of your own (18 points)
#
# A *map-style* dataset answers two questions: how many items are there (`len(ds)`) and what is item `i` (`ds[i]`).
# `DataLoader` builds everything else on these two. What it silently counts on:
#
# * **The same item twice is the same item twice.** Change the stored image while reading it, and the second epoch
#   trains on something else.
# * **`IndexError` past the end.** A `for` loop over an object with `__getitem__` counts 0, 1, 2, … and stops at
#   `IndexError`. Without one it never stops.
# * **Items can be stacked.** float32 images of one shape, labels as int64 tensors without dimensions, which is what
#   `cross_entropy` takes.

# %%
print(default_collate([(torch.zeros(1, 2, 3), torch.tensor(7)), (torch.ones(1, 2, 3), torch.tensor(1))])[1])

# %% [markdown]
# **Task.** Write `MyMNISTDataset(path, transform=None, train=True)`. `path` is a folder, at any depth and with any
# name. The argument `train`, and nothing else, decides which files in it are read:
#
# | | images | labels |
# |---|---|---|
# | `train=True` | `train-images-idx3-ubyte` | `train-labels-idx1-ubyte` |
# | `train=False` | `t10k-images-idx3-ubyte` | none: the label file is not opened, it may not even exist |
#
# * An item is `(image, label)`, a tuple, for training and **the image alone** for testing.
# * The label is an int64 tensor of shape `()`.
# * Without a transform, the image is a float32 tensor of shape (1, H, W) with values in [0, 1] (255 becomes 1). H and W
#   come from the file, and so does the length.
# * With a transform, the image is what `transform(raw)` returns, as it is. `raw` is the image as stored: a uint8
#   `np.ndarray` of shape (H, W). The transform is called exactly once each time an item is read, and not before.
# * Reading changes nothing: the same index gives the same item again.
# * An index from `len(ds)` on raises `IndexError`.
# * `ds.classes` holds the ten digits 0…9 in order, whatever labels the file holds.
# * `repr(ds)` has five lines. Here for 1,437 training images in `data/MNIST/raw`; the paths are the folder as it was
#   given with the file's name, and for a test set the third line reads `Label path: None`:
#
# ```text
# (PyTorch HomeWork) My Custom Dataset : MNIST
#     Data path: data/MNIST/raw/train-images-idx3-ubyte
#     Label path: data/MNIST/raw/train-labels-idx1-ubyte
#     Number of datapoints: 1437
#     Number of classes: 10
# ```


# %%
class MyMNISTDataset(Dataset):
    """Handwritten digits from a folder with MNIST's IDX files.

    Args:
        path: the folder that holds the files, as a string or a `Path`.
        transform: called with each raw uint8 image (H, W) when it is read; None for float32 (1, H, W) in [0, 1].
        train: True for the training images with their labels, False for the test images without labels.

    Attributes:
        classes: the digits 0, 1, …, 9, as a list or another sequence.
    """

    _repr_indent = 4

    def __init__(self, path, transform=None, train=True):
        ### BEGIN SOLUTION
        split = "train" if train else "t10k"
        self.image_path = Path(path) / f"{split}-images-idx3-ubyte"
        self.label_path = Path(path) / f"{split}-labels-idx1-ubyte" if train else None
        self.images = load_images(self.image_path)
        self.labels = load_labels(self.label_path) if train else None
        self.transform = transform
        self.classes = list(range(10))
        ### END SOLUTION

    def __len__(self):
        """The number of images in the file."""
        ### BEGIN SOLUTION
        return len(self.images)
        ### END SOLUTION

    def __getitem__(self, index):
        """Item `index`: (image, label) of a training set, the image alone of a test set."""
        ### BEGIN SOLUTION
        raw = self.images[index]
        if self.transform is None:
            image = torch.from_numpy(raw).to(torch.float32).div(255).unsqueeze(0)
        else:
            image = self.transform(raw)
        if self.labels is None:
            return image
        return image, torch.tensor(self.labels[index], dtype=torch.int64)
        ### END SOLUTION

    def __repr__(self):
        """The five lines shown in the text above."""
        ### BEGIN SOLUTION
        lines = [
            f"Data path: {self.image_path}",
            f"Label path: {self.label_path}",
            f"Number of datapoints: {len(self)}",
            f"Number of classes: {len(self.classes)}",
        ]
        indent = "\n" + " " * self._repr_indent
        return "(PyTorch HomeWork) My Custom Dataset : MNIST" + "".join(indent + line for line in lines)
        ### END SOLUTION


# %%
print(MyMNISTDataset(RAW))

# %% [markdown]
# ## 3.3 Transforms (12 points)
#
# A transform is any object that can be called with an image. Four small ones make a pipeline. Two rules hold for all:
# **leave the input as it was** (it may be the dataset's stored image), and **take random numbers only from the generator
# you were given** (so that an experiment can be repeated, and so that nobody else's random numbers shift).
#
# The example shows the first trap: `torch.roll` looks like a shift, but what leaves on one side comes back on the other.

# %%
print(torch.roll(torch.tensor([[1, 2, 3, 4]]), 1, dims=1), "is not a shift by one: that would be 0, 1, 2, 3")

# %% [markdown]
# **Task.** Write four classes.
#
# * `ToFloatTensor()(image)` — `image` is an `np.ndarray`, (H, W) or (H, W, C). The result is a new **float32** tensor
#   with channels first: (1, H, W) or (C, H, W). uint8 images are divided by 255; float images (float32 or float64) keep
#   their values. It shares no memory with the array.
# * `Normalize(mean, std)(image)` — `mean` and `std` hold one number for each channel of the float tensor (C, H, W).
#   The result is a new tensor `(image - mean) / std`, channel by channel, of the image's shape and dtype.
# * `RandomShift(max_px, generator)(image)` — moves a tensor (C, H, W) by `dy` rows down and `dx` columns to the right;
#   what becomes free is **zero**, and what leaves the frame is lost. Draw both numbers, evenly from `-max_px … max_px`
#   (both ends included), in one go: `torch.randint(-max_px, max_px + 1, (2,), generator=generator)` is `(dy, dx)`, and
#   draw nothing else. Shape and dtype stay. A shift of the image's size or more leaves only zeros.
# * `Compose(transforms)(image)` — applies the transforms of a list from first to last; an empty list gives back the
#   image.


# %%
class ToFloatTensor:
    """Turn an array (H, W) or (H, W, C), uint8 or float, into a new float32 tensor with channels first.

    uint8 values are divided by 255, float values stay as they are.
    """

    def __call__(self, image):
        ### BEGIN SOLUTION
        tensor = torch.tensor(image)
        scale = 255 if tensor.dtype == torch.uint8 else 1
        tensor = tensor.to(torch.float32) / scale
        return tensor.unsqueeze(0) if tensor.ndim == 2 else tensor.permute(2, 0, 1).contiguous()
        ### END SOLUTION


class Normalize:
    """Subtract a mean and divide by a standard deviation, channel by channel; the input stays as it was.

    Args:
        mean: one number for each channel.
        std: one number for each channel.
    """

    def __init__(self, mean, std):
        ### BEGIN SOLUTION
        self.mean, self.std = list(mean), list(std)
        ### END SOLUTION

    def __call__(self, image):
        ### BEGIN SOLUTION
        mean = torch.tensor(self.mean, dtype=image.dtype).view(-1, 1, 1)
        std = torch.tensor(self.std, dtype=image.dtype).view(-1, 1, 1)
        return (image - mean) / std
        ### END SOLUTION


class RandomShift:
    """Shift an image (C, H, W) by up to `max_px` pixels down/up and right/left, and fill with zeros.

    Args:
        max_px: the largest shift, included.
        generator: the `torch.Generator` that every random number comes from.
    """

    def __init__(self, max_px, generator):
        ### BEGIN SOLUTION
        self.max_px = max_px
        self.generator = generator
        ### END SOLUTION

    def __call__(self, image):
        ### BEGIN SOLUTION
        dy, dx = torch.randint(-self.max_px, self.max_px + 1, (2,), generator=self.generator).tolist()
        height, width = image.shape[-2:]
        m = self.max_px
        framed = F.pad(image, (m, m, m, m))
        return framed[..., m - dy : m - dy + height, m - dx : m - dx + width].clone()
        ### END SOLUTION


class Compose:
    """Apply transforms one after the other.

    Args:
        transforms: a list of callables; the first is applied first.
    """

    def __init__(self, transforms):
        ### BEGIN SOLUTION
        self.transforms = list(transforms)
        ### END SOLUTION

    def __call__(self, image):
        ### BEGIN SOLUTION
        for transform in self.transforms:
            image = transform(image)
        return image
        ### END SOLUTION


# %%
print(Compose([ToFloatTensor(), RandomShift(1, torch.Generator().manual_seed(3))])(np.full((3, 4), 255, np.uint8)))

# %% [markdown]
# ## 3.4 Mean and standard deviation of a dataset (10 points)
#
# `Normalize` needs two numbers per channel. They belong to the **training** images (the test set is not yours to look
# at), **before** any normalisation. A dataset may be larger than memory, so go through it batch by batch and keep sums.
#
# Two things do not work. The mean of the batches' standard deviations is not the standard deviation of all pixels,
# because it forgets how far the batches lie apart; and if the last batch is smaller, not even the mean of the batches'
# means is right:

# %%
pixels = torch.tensor([1.0, 1.0, 1.0, 9.0])
print("all:", pixels.mean().item(), " mean of means:", torch.stack([p.mean() for p in pixels.split(3)]).mean().item())
print("population std of [1, 3]:", torch.tensor([1.0, 3.0]).std(correction=0).item())

# %% [markdown]
# **Task.** Write `channel_stats(dataset, batch_size)`: the mean and the **population** standard deviation (divided by
# the number of pixels, not by one less) of each channel over all pixels of all images, every image exactly once.
#
# * Items are `(image, label)` or the image alone; an image is a tensor (C, H, W), uint8 or float. Take values as they
#   come: uint8 is not scaled.
# * Return two **float64** tensors of shape (C,), and accumulate in float64: a sum of millions of pixels has no room in
#   uint8 and loses digits in float32. A channel with one value everywhere has the standard deviation 0, not NaN.
# * Stream: no tensor may hold more than `batch_size` images, and no more than `2 * batch_size` of the dataset's items
#   may be alive at any time. You may go through the dataset more than once.


# %%
def channel_stats(dataset, batch_size):
    """Mean and population standard deviation of each channel, in one stream over the dataset.

    Args:
        dataset: map-style dataset of images (C, H, W), uint8 or float, or of (image, label) pairs.
        batch_size: how many images may be held at once.

    Returns:
        (mean, std): two float64 tensors of shape (C,).
    """
    ### BEGIN SOLUTION
    count, total, squares = 0, 0.0, 0.0
    for batch in DataLoader(dataset, batch_size=batch_size):
        images = batch[0] if isinstance(batch, (tuple, list)) else batch
        images = images.to(torch.float64)
        count += images.numel() // images.shape[1]
        total = total + images.sum(dim=(0, 2, 3))
        squares = squares + images.square().sum(dim=(0, 2, 3))
    mean = total / count
    variance = squares / count - mean.square()
    return mean, variance.clamp_min(0).sqrt()
    ### END SOLUTION


# %% [markdown]
# ## 3.5 Training and validation sets with different transforms (8 points)
#
# Training images are augmented (shifted, noised), validation images must not be: otherwise the validation score changes
# from read to read and measures the wrong thing. `random_split` gives two `Subset`s, but both look into **the same**
# dataset object, and that object has one `transform`:

# %%
first, second = random_split(list(range(10)), [6, 4], generator=torch.Generator().manual_seed(0))
print(first.dataset is second.dataset, sorted(first.indices), sorted(second.indices))

# %% [markdown]
# **Task.** Write `split_with_transforms(dataset_cls, path, fraction, seed, train_tf, val_tf)`. It makes datasets with
# `dataset_cls(path, transform=..., train=True)` (as in 3.2; make as many as you like, but only of the training
# files), and returns `(train_set, val_set)`:
#
# * `fraction` is the share of items that goes to **validation**: `round(fraction * n)` of `n` items, which may be none.
#   All others go to training; no item is in both.
# * Which items, is random and depends on `seed` alone: the same seed gives the same two sets, another seed gives others.
#   The global random streams of Python, NumPy and torch are not touched.
# * Items of the training set have passed through `train_tf`, items of the validation set through `val_tf`, each once.
#   Both expect the raw image, which `dataset_cls` hands to its transform; with `transform=None` it would already have
#   converted the image.


# %%
def split_with_transforms(dataset_cls, path, fraction, seed, train_tf, val_tf):
    """Split the training files in two sets at random, each with a transform of its own.

    Args:
        dataset_cls: a class with the signature `dataset_cls(path, transform=None, train=True)`.
        path: handed to `dataset_cls`.
        fraction: share of the items for validation, from 0 to 1.
        seed: decides which items.
        train_tf: transform of the training items.
        val_tf: transform of the validation items.

    Returns:
        (train_set, val_set): two datasets.
    """
    ### BEGIN SOLUTION
    train_full = dataset_cls(path, transform=train_tf, train=True)
    val_full = dataset_cls(path, transform=val_tf, train=True)
    order = torch.randperm(len(train_full), generator=torch.Generator().manual_seed(seed)).tolist()
    n_val = round(fraction * len(order))
    return Subset(train_full, order[n_val:]), Subset(val_full, order[:n_val])
    ### END SOLUTION


# %% [markdown]
# ## 3.6 Reproducible loaders (10 points)
#
# `shuffle=True` draws a new order each epoch, by default from torch's *global* random stream: one more dropout layer
# in the model, and the order of the data changes. A loader with a `generator` of its own does not have this problem.
# And did you know that a loader draws from the global stream even when it does not shuffle (a seed for its workers)?

# %%
state = torch.get_rng_state()
list(DataLoader([1, 2, 3]))
print("global stream untouched:", torch.equal(state, torch.get_rng_state()))

# %% [markdown]
# Also note that `DataLoader(..., shuffle=True, sampler=...)` is a `ValueError`: a sampler *is* the order.
#
# **Task.** Write `make_loaders(train_ds, test_ds, batch_size, seed)`, which returns `(train_loader, test_loader)`:
#
# * training: every item once per epoch, in a **new order each epoch**; a loader made again with the same seed goes
#   through the same orders, one made with another seed goes through others;
# * testing: always in the dataset's order;
# * both keep their last, smaller batch;
# * neither making nor iterating the loaders touches the global random streams, nor depends on them;
# * the orders of training do not depend on whether the test loader is read in between.


# %%
def make_loaders(train_ds, test_ds, batch_size, seed):
    """Make a shuffling training loader and a test loader in fixed order, both independent of global random streams.

    Args:
        train_ds: map-style dataset to train on.
        test_ds: map-style dataset to test on.
        batch_size: items per batch; the last batch may be smaller.
        seed: decides the orders of training.

    Returns:
        (train_loader, test_loader): two `DataLoader`s.
    """
    ### BEGIN SOLUTION
    train_loader = DataLoader(
        train_ds, batch_size=batch_size, shuffle=True, generator=torch.Generator().manual_seed(seed)
    )
    test_loader = DataLoader(test_ds, batch_size=batch_size, generator=torch.Generator().manual_seed(seed))
    return train_loader, test_loader
    ### END SOLUTION


# %% [markdown]
# ## 3.7 Batches of unequal lengths (8 points)
#
# Sentences, sounds and pen strokes have different lengths, and the default collate function can only stack equal ones:

# %%
try:
    default_collate([torch.ones(2), torch.ones(3)])
except RuntimeError as error:
    print(error)

# %% [markdown]
# **Task.** Write `pad_collate(batch, pad_value=0)` for a list of pairs `(sequence, label)`: a 1-D tensor of any length
# (0 included) and any dtype, and a Python int. It returns `(X, y, lengths)`, all in the batch's order:
#
# * `X` of shape (B, L), in the dtype of the sequences; L is the longest **in this batch**. Values come first and
#   `pad_value` fills the rest of the row;
# * `y`, int64 of shape (B,): the labels;
# * `lengths`, int64 of shape (B,): the lengths before padding.
#
# The list and its tensors stay as they were. With another pad value one writes
# `DataLoader(..., collate_fn=functools.partial(pad_collate, pad_value=-1))`; a lambda would work too, until the workers
# are started with "spawn" (macOS, Windows), because a lambda cannot be pickled.


# %%
def pad_collate(batch, pad_value=0):
    """Collate sequences of unequal lengths into one padded tensor.

    Args:
        batch: list of (sequence, label): a 1-D tensor and a Python int.
        pad_value: what fills the rows after the end of a sequence.

    Returns:
        (X, y, lengths): padded sequences (B, L) in their own dtype, int64 labels (B,), int64 lengths (B,).
    """
    ### BEGIN SOLUTION
    sequences = [sequence for sequence, _ in batch]
    lengths = torch.tensor([len(sequence) for sequence in sequences], dtype=torch.int64)
    y = torch.tensor([label for _, label in batch], dtype=torch.int64)
    X = sequences[0].new_full((len(batch), int(lengths.max())), pad_value)
    for row, sequence in zip(X, sequences, strict=True):
        row[: len(sequence)] = sequence
    return X, y, lengths
    ### END SOLUTION


# %% [markdown]
# ## 3.8 A sampler for rare classes (8 points)
#
# If 95 % of the items are of one class, a model that always answers that class is right 95 % of the time. One remedy is
# to draw rare classes more often: `WeightedRandomSampler(weights, num_samples, replacement, generator)` draws index
# `i` with a probability proportional to `weights[i]`. There is one weight per **item**, not per class: two weights can
# only ever draw the items 0 and 1:

# %%
print(list(WeightedRandomSampler([0.1, 0.9], 16, generator=torch.Generator().manual_seed(1))))

# %% [markdown]
# **Task.** Write `balanced_sampler(labels, generator)`: a `WeightedRandomSampler` with which every class that is
# present has the same chance. `labels` is a list of ints or an int64 tensor; class numbers need not be 0, 1, 2, … (there
# may be only 3, 7 and 250), and none is negative.
#
# * The weight of item i is proportional to 1 / (number of items with its label); any common factor will do.
# * It draws as many samples as there are items, **with replacement**, and from `generator` only.
#
# (Hand it to a loader as `DataLoader(ds, sampler=balanced_sampler(...))`, without `shuffle`.)


# %%
def balanced_sampler(labels, generator):
    """Make a sampler that draws every class equally often on average.

    Args:
        labels: the label of each item, a list of ints or an int64 tensor (N,).
        generator: the `torch.Generator` to draw from.

    Returns:
        A `WeightedRandomSampler` of N draws with replacement.
    """
    ### BEGIN SOLUTION
    labels = torch.as_tensor(labels)
    _, inverse, counts = labels.unique(return_inverse=True, return_counts=True)
    weights = 1.0 / counts[inverse].to(torch.float64)
    return WeightedRandomSampler(weights, num_samples=len(labels), replacement=True, generator=generator)
    ### END SOLUTION


# %% [markdown]
# ## 3.9 Batches of similar lengths (8 points)
#
# Padding costs time: a sequence of 5 beside one of 500 is 99 % padding. If the sequences of a batch have similar
# lengths, little is padded. A **batch sampler** decides this: each time it is iterated it yields one epoch, a *list of
# dataset indices* per batch.

# %%
print(list(DataLoader(["a", "b", "c", "d"], batch_sampler=[[3, 0], [1, 2]])))

# %% [markdown]
# **Task.** Write `BucketBatchSampler(lengths, batch_size, drop_last, generator)`; `lengths` is a list of ints, one for
# each item of the dataset.
#
# * Sort the items by length, and cut the sorted items into batches of `batch_size`, from the shortest on. The last
#   batch, which has the longest items, may be smaller; with `drop_last=True` a smaller one is left out.
# * Each iteration yields all these batches, in a **new random order** drawn from `generator` (and from nothing else).
#   Every epoch is complete, the first and the fifth.
# * A batch is a list of Python ints: indices in the dataset. Their order within the batch is free, and items of equal
#   length may be swapped.
# * `len()` is the number of batches of an epoch. The list `lengths` stays as it was.


# %%
class BucketBatchSampler(Sampler):
    """Batches of items of similar length, in a new random order each epoch.

    Args:
        lengths: the length of each item, a list of ints.
        batch_size: items per batch.
        drop_last: leave out the last batch of the sorted items if it is smaller than `batch_size`.
        generator: the `torch.Generator` that decides the order of the batches.
    """

    def __init__(self, lengths, batch_size, drop_last, generator):
        ### BEGIN SOLUTION
        order = sorted(range(len(lengths)), key=lambda index: lengths[index])
        batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
        if drop_last and batches and len(batches[-1]) < batch_size:
            batches.pop()
        self.batches = batches
        self.generator = generator
        ### END SOLUTION

    def __iter__(self):
        """Yield the batches of one epoch, each a list of dataset indices."""
        ### BEGIN SOLUTION
        for number in torch.randperm(len(self.batches), generator=self.generator).tolist():
            yield list(self.batches[number])
        ### END SOLUTION

    def __len__(self):
        """The number of batches of one epoch."""
        ### BEGIN SOLUTION
        return len(self.batches)
        ### END SOLUTION


# %% [markdown]
# ## 3.10 Random numbers in workers (6 points)
#
# With `num_workers=2` the loader makes two *copies* of the dataset, and does so again for every epoch. A random
# generator inside the dataset is copied too: both workers then produce the same "random" numbers, and produce them
# again next epoch. torch gives every worker a seed of its own, drawn anew each epoch from the loader's generator:
# `torch.initial_seed()`, called in the worker, or `get_worker_info().seed`. The function handed over as
# `worker_init_fn` runs at the start of each worker and can use it. There, `get_worker_info().dataset` is the worker's
# copy.
#
# ```python
# DataLoader(ds, num_workers=2, worker_init_fn=seed_worker, generator=torch.Generator().manual_seed(0))
# ```
#
# **Task.** Write `NoisyDataset(base, std, seed=0)` and `seed_worker(worker_id)`.
#
# * `ds.rng` is a NumPy generator, at first `np.random.default_rng(seed)`.
# * Item i is `base[i]`, a float tensor of one dimension or more, plus normally distributed noise with standard
#   deviation `std`: one draw `self.rng.standard_normal(shape)` for each read, times `std`, of the item's shape. The
#   item's dtype stays, `base` is not changed, and `len` is that of `base`.
# * `seed_worker` gives the worker's copy of the dataset a new `rng`, so that noise differs between the workers and
#   from epoch to epoch, but repeats when the loader is made again with the same generator seed.
# * What the dataset keeps in itself can be pickled (no lambda), because "spawn" sends it to the workers that way.


# %%
class NoisyDataset(Dataset):
    """Add normally distributed noise to each item of a dataset, new at every read.

    Args:
        base: map-style dataset of float tensors.
        std: standard deviation of the noise.
        seed: seed of `rng` in the main process.

    Attributes:
        rng: the `np.random.Generator` that the noise comes from.
    """

    def __init__(self, base, std, seed=0):
        ### BEGIN SOLUTION
        self.base = base
        self.std = std
        self.rng = np.random.default_rng(seed)
        ### END SOLUTION

    def __len__(self):
        """The number of items of the base."""
        ### BEGIN SOLUTION
        return len(self.base)
        ### END SOLUTION

    def __getitem__(self, index):
        """`base[index]` plus noise, in the dtype of the item."""
        ### BEGIN SOLUTION
        item = self.base[index]
        noise = torch.from_numpy(self.rng.standard_normal(item.shape))
        return item + (self.std * noise).to(item.dtype)
        ### END SOLUTION


def seed_worker(worker_id):
    """Give the worker's copy of a `NoisyDataset` a random generator of its own; the loader's `worker_init_fn`.

    Args:
        worker_id: number of the worker, from 0.
    """
    ### BEGIN SOLUTION
    info = get_worker_info()
    info.dataset.rng = np.random.default_rng(info.seed)
    ### END SOLUTION


# %% [markdown]
# ## All together
#
# With everything in place, this is a whole input pipeline: statistics of the training images, an augmented training
# set, a validation set without augmentation, loaders that repeat.

# %%
mean, std = channel_stats(Subset(MyMNISTDataset(RAW), range(200)), batch_size=64)
to_tensor = [ToFloatTensor(), Normalize(mean.tolist(), std.tolist())]
augment = Compose([to_tensor[0], RandomShift(2, torch.Generator().manual_seed(1)), to_tensor[1]])
train_set, val_set = split_with_transforms(MyMNISTDataset, RAW, 0.2, 0, augment, Compose(to_tensor))
train_loader, val_loader = make_loaders(train_set, val_set, batch_size=64, seed=0)
X, y = next(iter(train_loader))
print(
    f"mean {mean.item():.3f}, std {std.item():.3f}; {len(train_set)} + {len(val_set)} items; a batch: {tuple(X.shape)}"
)
