"""Known wrong solutions of hw3, each with the hint its author gets."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import (
    DataLoader,
    Dataset,
    RandomSampler,
    Sampler,
    Subset,
    WeightedRandomSampler,
    default_collate,
    get_worker_info,
    random_split,
)

from grader.authoring import misconception

# 3.1 read_idx ------------------------------------------------------------------------------------------------------


def idx_reader(
    *,
    byteorder="big",
    size_bytes=4,
    error=ValueError,
    check_start=True,
    check_type=True,
    too_short=True,
    too_long=True,
    finish=lambda array: array.copy(),
    dtype=np.uint8,
):
    """A `read_idx` with one screw turned."""

    def read_idx(path):
        raw = Path(path).read_bytes()
        if check_start and (raw[:2] != b"\x00\x00" or len(raw) < 4):
            raise error("not an IDX file")
        if check_type and raw[2] != 8:
            raise error("not uint8")
        start = 4 + 4 * raw[3]
        header = raw[4:start]
        if len(header) < 4 * raw[3]:
            raise error("cut within the header")
        shape = [int.from_bytes(header[i + 4 - size_bytes : i + 4], byteorder) for i in range(0, len(header), 4)]
        count, found = math.prod(shape), len(raw) - start
        if (too_short and found < count) or (too_long and found > count):
            raise error("wrong length")
        values = np.frombuffer(raw, dtype, offset=start)[:count]
        if len(values) < count:
            values = np.concatenate([values, np.zeros(count - len(values), dtype)])
        return finish(values.reshape(shape))

    return read_idx


@misconception(exercise="read_idx")
def little_endian_sizes(work):
    """The sizes come out enormous: look in which order IDX stores the four bytes of a number, and in which order NumPy expects them by default."""
    return idx_reader(byteorder="little")


@misconception(exercise="read_idx")
def lowest_byte_of_each_size(work):
    """Sizes above 255 come out wrong: a size takes four bytes, and one byte cannot say 300."""
    return idx_reader(size_bytes=1, too_long=False)


@misconception(exercise="read_idx")
def header_of_16_bytes(work):
    """The length of the header depends on the number of dimensions: 16 bytes is right for a stack of images only, labels have 8."""

    def read_idx(path):
        raw = Path(path).read_bytes()
        if raw[:3] != b"\x00\x00\x08" or len(raw) < 16:
            raise ValueError("not an IDX file")
        values = np.frombuffer(raw, np.uint8, offset=16).copy()
        sizes = [int(n) for n in np.frombuffer(raw[4:16], ">u4")]
        if raw[3] != 3:
            return values
        if math.prod(sizes) != len(values):
            raise ValueError("wrong length")
        return values.reshape(sizes)

    return read_idx


@misconception(exercise="read_idx")
def label_header_of_4_bytes(work):
    """The first labels are not labels: after the magic number comes one size for each dimension, for labels too."""
    right = work.read_idx

    def read_idx(path):
        raw = Path(path).read_bytes()
        array = right(path)
        return np.frombuffer(raw, np.uint8, offset=4).copy() if array.ndim == 1 else array

    return read_idx


@misconception(exercise="read_idx")
def images_of_28_by_28(work):
    """Rows and columns are in the header: not every file has images of 28x28 pixels."""
    right = work.read_idx

    def read_idx(path):
        array = right(path)
        return array if array.ndim == 1 else array.reshape(-1, 28, 28)

    return read_idx


@misconception(exercise="read_idx")
def columns_before_rows(work):
    """The pictures are scrambled: the header states rows before columns, which only matters when they differ."""
    return idx_reader(finish=lambda a: a.reshape(*a.shape[:1], *a.shape[1:][::-1]).copy())


@misconception(exercise="read_idx")
def signed_bytes(work):
    """Bright pixels are negative: one byte as a signed number reaches 127 only."""
    return idx_reader(dtype=np.int8)


@misconception(exercise="read_idx")
def scaled_to_floats(work):
    """The file's values are asked for as they are, uint8 from 0 to 255: scaling is the business of a transform."""
    return idx_reader(finish=lambda a: (a / 255).astype(np.float32))


@misconception(exercise="read_idx")
def only_images_and_labels(work):
    """The format is more general than MNIST: the third and fourth byte mean something each, so do not compare the magic number with 2049 and 2051 alone."""
    right = work.read_idx

    def read_idx(path):
        if Path(path).read_bytes()[:4] not in (b"\x00\x00\x08\x01", b"\x00\x00\x08\x03"):
            raise ValueError("neither MNIST images nor labels")
        return right(path)

    return read_idx


@misconception(exercise="read_idx")
def nothing_is_checked(work):
    """Any file is read, even a compressed one, as noise: check the header before you believe it, and the length after."""

    def read_idx(path):
        raw = Path(path).read_bytes()
        start = 4 + 4 * raw[3]
        shape = np.frombuffer(raw[4:start], ">u4").astype(int)
        values = np.frombuffer(raw, np.uint8, offset=min(start, len(raw))).copy()
        return np.resize(values, shape) if math.prod(shape) < 1e6 else values

    return read_idx


@misconception(exercise="read_idx")
def start_not_checked(work):
    """A file whose first two bytes are not zero is no IDX file, even if the rest looks plausible."""
    return idx_reader(check_start=False)


@misconception(exercise="read_idx")
def type_code_not_checked(work):
    """The third byte says what kind of values follow: int8 values have the right length and still are not uint8."""
    return idx_reader(check_type=False)


@misconception(exercise="read_idx")
def longer_files_accepted(work):
    """A file with more values than its header states is damaged too: compare lengths, do not just cut."""
    return idx_reader(too_long=False)


@misconception(exercise="read_idx")
def shorter_files_filled_up(work):
    """A truncated file must be an error: images made up of zeros are not in the file."""
    return idx_reader(too_short=False)


@misconception(exercise="read_idx")
def assertions_for_bad_files(work):
    """A bad file is refused, but with another error than ValueError: `assert` is for mistakes in the program, and `python -O` removes it."""
    return idx_reader(error=AssertionError)


@misconception(exercise="read_idx")
def tensor_for_array(work):
    """The result is a tensor; the contract asks for a NumPy array, and turning it into a tensor is a transform's job."""
    return idx_reader(finish=lambda array: torch.from_numpy(array.copy()))


@misconception(exercise="read_idx")
def read_only_view(work):
    """The array cannot be written to: `np.frombuffer` gives a view of the bytes, and bytes are immutable."""
    return idx_reader(finish=lambda array: array)


# 3.2 MyMNISTDataset ------------------------------------------------------------------------------------------------


@misconception(exercise="my_mnist_dataset")
def split_guessed_from_the_folder(work):
    """The folder's name decides what is read; only the argument `train` may, since a folder can have any name and depth."""

    class MyMNISTDataset(work.MyMNISTDataset):
        def __init__(self, path, transform=None, train=True):
            super().__init__(path, transform, train or "train" in Path(path).parts)

    return MyMNISTDataset


@misconception(exercise="my_mnist_dataset")
def train_argument_ignored(work):
    """With `train=False` the training images come back: the argument is accepted and never used to choose the files."""

    class MyMNISTDataset(work.MyMNISTDataset):
        def __init__(self, path, transform=None, train=True):
            super().__init__(path, transform, True)
            self.train = train

        def __getitem__(self, index):
            image, label = super().__getitem__(index)
            return (image, label) if self.train else image

    return MyMNISTDataset


@misconception(exercise="my_mnist_dataset")
def labels_read_for_the_test_set(work):
    """A test set may come without labels: opening the label file fails where there is none."""

    class MyMNISTDataset(work.MyMNISTDataset):
        def __init__(self, path, transform=None, train=True):
            super().__init__(path, transform, train)
            if not train:
                (Path(path) / "t10k-labels-idx1-ubyte").read_bytes()

    return MyMNISTDataset


@misconception(exercise="my_mnist_dataset")
def test_item_is_a_pair(work):
    """An item of the test set is the image alone, and not a tuple with a placeholder for the label."""

    class MyMNISTDataset(work.MyMNISTDataset):
        def __getitem__(self, index):
            item = super().__getitem__(index)
            return item if isinstance(item, tuple) else (item, -1)

    return MyMNISTDataset


@misconception(exercise="my_mnist_dataset")
def length_of_60000(work):
    """The length is that of the file at hand, not that of the original MNIST."""

    class MyMNISTDataset(work.MyMNISTDataset):
        def __len__(self):
            return 60000 if self.labels is not None else 10000

    return MyMNISTDataset


@misconception(exercise="my_mnist_dataset")
def float64_images(work):
    """The images are float64, but a layer's weights are float32 and the two cannot be multiplied."""

    class MyMNISTDataset(work.MyMNISTDataset):
        def __getitem__(self, index):
            if self.transform is not None:
                return super().__getitem__(index)
            image = torch.tensor(self.images[index], dtype=torch.double)[None] / 255
            return image if self.labels is None else (image, torch.tensor(self.labels[index]))

    return MyMNISTDataset


@misconception(exercise="my_mnist_dataset")
def stored_images_inverted_in_place(work):
    """Reading an item changes the stored image: an item is read in every epoch, and each read must find the same."""

    class MyMNISTDataset(work.MyMNISTDataset):
        def __getitem__(self, index):
            self.images[index] = 255 - self.images[index]
            return super().__getitem__(index)

    return MyMNISTDataset


@misconception(exercise="my_mnist_dataset")
def stored_images_scaled_in_place(work):
    """The second read is darker than the first: an operator like `/=` works on the stored image itself."""

    class MyMNISTDataset(work.MyMNISTDataset):
        def __init__(self, path, transform=None, train=True):
            super().__init__(path, transform, train)
            self.floats = torch.tensor(self.images).float()

        def __getitem__(self, index):
            if self.transform is not None:
                return super().__getitem__(index)
            image = self.floats[index]
            image /= 255
            image = image.clone()[None]
            return image if self.labels is None else (image, torch.tensor(self.labels[index]))

    return MyMNISTDataset


@misconception(exercise="my_mnist_dataset")
def item_is_a_view_of_the_store(work):
    """Whoever changes an item changes the dataset: the item shares its memory with the stored images."""

    class MyMNISTDataset(work.MyMNISTDataset):
        def __init__(self, path, transform=None, train=True):
            super().__init__(path, transform, train)
            self.floats = torch.tensor(self.images).float() / 255

        def __getitem__(self, index):
            if self.transform is not None:
                return super().__getitem__(index)
            image = self.floats[index].unsqueeze(0)
            return image if self.labels is None else (image, torch.tensor(self.labels[index]))

    return MyMNISTDataset


def rescaled(work, change):
    """A dataset whose default images go through `change`."""

    class MyMNISTDataset(work.MyMNISTDataset):
        def __getitem__(self, index):
            item = super().__getitem__(index)
            if self.transform is not None:
                return item
            return (change(item[0]), item[1]) if isinstance(item, tuple) else change(item)

    return MyMNISTDataset


@misconception(exercise="my_mnist_dataset")
def integer_division(work):
    """Nearly every pixel is zero: dividing whole numbers with `//` leaves nothing between 0 and 1."""
    return rescaled(work, torch.floor)


@misconception(exercise="my_mnist_dataset")
def scaled_twice(work):
    """The images are almost black: the brightest pixel should be 1, not 1/255."""
    return rescaled(work, lambda image: image / 255)


@misconception(exercise="my_mnist_dataset")
def not_scaled(work):
    """The values still go up to 255; the contract asks for the range from 0 to 1."""
    return rescaled(work, lambda image: (image * 255).round())


@misconception(exercise="my_mnist_dataset")
def no_channel_axis(work):
    """The images have two axes; a convolution expects channels first, even if there is only one."""
    return rescaled(work, lambda image: image[0])


@misconception(exercise="my_mnist_dataset")
def channel_axis_last(work):
    """The channel axis is at the end, as in image files; PyTorch expects it first."""
    return rescaled(work, lambda image: image.permute(1, 2, 0))


@misconception(exercise="my_mnist_dataset")
def scaled_to_plus_minus_one(work):
    """The values lie between -1 and 1; the contract asks for 0 to 1, and normalising is a transform's job."""
    return rescaled(work, lambda image: image * 2 - 1)


@misconception(exercise="my_mnist_dataset")
def index_wraps_around(work):
    """A loop over the dataset never ends: an index past the end must raise IndexError and not start over."""

    class MyMNISTDataset(work.MyMNISTDataset):
        def __getitem__(self, index):
            return super().__getitem__(index % len(self))

    return MyMNISTDataset


@misconception(exercise="my_mnist_dataset")
def classes_from_the_labels_present(work):
    """The classes depend on which labels happen to be in the file; a file with threes and sevens only still has ten classes of digits."""

    class MyMNISTDataset(work.MyMNISTDataset):
        def __init__(self, path, transform=None, train=True):
            super().__init__(path, transform, train)
            if train:
                self.classes = sorted({int(label) for label in self.labels})

    return MyMNISTDataset


def relabelled(work, change):
    class MyMNISTDataset(work.MyMNISTDataset):
        def __getitem__(self, index):
            item = super().__getitem__(index)
            return (item[0], change(item[1])) if isinstance(item, tuple) else item

    return MyMNISTDataset


@misconception(exercise="my_mnist_dataset")
def label_is_a_plain_number(work):
    """The label is a Python number; the contract asks for an int64 tensor without dimensions."""
    return relabelled(work, int)


@misconception(exercise="my_mnist_dataset")
def label_of_shape_1(work):
    """The label has one dimension too many: a batch of them has the shape (N, 1), and `cross_entropy` refuses it."""
    return relabelled(work, lambda label: label.reshape(1))


@misconception(exercise="my_mnist_dataset")
def float_label(work):
    """The label is a float; a class number is a whole number, and losses and indexing want int64."""
    return relabelled(work, lambda label: label.to(torch.float32))


@misconception(exercise="my_mnist_dataset")
def one_hot_label(work):
    """The label is a row of zeros with a one; the contract asks for the class number itself."""
    return relabelled(work, lambda label: F.one_hot(label, 10))


@misconception(exercise="my_mnist_dataset")
def transform_after_scaling(work):
    """The transform gets an image that was already converted: it should see the stored uint8 array and do the converting itself."""

    class MyMNISTDataset(work.MyMNISTDataset):
        def __init__(self, path, transform=None, train=True):
            inner = None
            if transform is not None:

                def inner(raw):
                    return transform(torch.tensor(raw).float()[None] / 255)

            super().__init__(path, inner, train)

    return MyMNISTDataset


@misconception(exercise="my_mnist_dataset")
def transform_called_twice(work):
    """The transform runs twice for one read: with a random transform, which of the two results is the item?"""

    class MyMNISTDataset(work.MyMNISTDataset):
        def __getitem__(self, index):
            if self.transform is not None and self.transform(self.images[index]) is None:
                return None
            return super().__getitem__(index)

    return MyMNISTDataset


@misconception(exercise="my_mnist_dataset")
def transformed_in_advance(work):
    """The transform runs once for all when the dataset is made: a random one must give something new at each read."""

    class MyMNISTDataset(work.MyMNISTDataset):
        def __init__(self, path, transform=None, train=True):
            super().__init__(path, transform, train)
            self.ready = [transform(image) for image in self.images] if transform else None

        def __getitem__(self, index):
            if self.ready is None:
                return super().__getitem__(index)
            image = self.ready[index]
            return image if self.labels is None else (image, torch.tensor(self.labels[index]))

    return MyMNISTDataset


@misconception(exercise="my_mnist_dataset")
def transform_ignored(work):
    """The transform is stored and never called."""

    class MyMNISTDataset(work.MyMNISTDataset):
        def __init__(self, path, transform=None, train=True):
            super().__init__(path, None, train)

    return MyMNISTDataset


@misconception(exercise="my_mnist_dataset")
def repr_shows_the_folder_only(work):
    """The second and third line of the `repr` are the two files, and for a test set the third says that there are no labels."""

    class MyMNISTDataset(work.MyMNISTDataset):
        def __repr__(self):
            text = super().__repr__().splitlines()
            text[1:3] = [f"    Data path: {self.image_path.parent}", f"    Label path: {self.image_path.parent}"]
            return "\n".join(text)

    return MyMNISTDataset


@misconception(exercise="my_mnist_dataset")
def repr_without_indent(work):
    """The lines after the first are indented by `_repr_indent` spaces."""

    class MyMNISTDataset(work.MyMNISTDataset):
        def __repr__(self):
            return "\n".join(line.strip() for line in super().__repr__().splitlines())

    return MyMNISTDataset


# 3.3 transforms ----------------------------------------------------------------------------------------------------


@misconception(exercise="transforms")
def floats_divided_by_255(work):
    """Float images lose their values: only uint8 images need to be divided by 255."""

    class ToFloatTensor:
        def __call__(self, image):
            tensor = torch.tensor(image).float() / 255
            return tensor[None] if tensor.ndim == 2 else tensor.permute(2, 0, 1)

    return ToFloatTensor


@misconception(exercise="transforms")
def bytes_not_scaled(work):
    """uint8 images keep values up to 255: changing the type does not change the range."""

    class ToFloatTensor:
        def __call__(self, image):
            tensor = torch.tensor(image).float()
            return tensor[None] if tensor.ndim == 2 else tensor.permute(2, 0, 1)

    return ToFloatTensor


@misconception(exercise="transforms")
def divided_by_the_maximum(work):
    """Each image is stretched to its own maximum: a dim image should stay dim, so the divisor is the same for all."""

    class ToFloatTensor(work.ToFloatTensor):
        def __call__(self, image):
            result = super().__call__(image)
            return result / result.max() if image.dtype == np.uint8 else result

    return ToFloatTensor


@misconception(exercise="transforms")
def channels_stay_last(work):
    """A colour image comes out as (H, W, C): channels must come first."""

    class ToFloatTensor(work.ToFloatTensor):
        def __call__(self, image):
            result = super().__call__(image)
            return result if image.ndim == 2 else result.permute(1, 2, 0)

    return ToFloatTensor


@misconception(exercise="transforms")
def channels_first_by_reshape(work):
    """The colours are mixed up: `reshape` deals the same values out to a new shape, it does not move an axis."""

    class ToFloatTensor(work.ToFloatTensor):
        def __call__(self, image):
            scale = 255 if image.dtype == np.uint8 else 1
            channels = image.shape[2] if image.ndim == 3 else 1
            return (torch.tensor(image).float() / scale).reshape(channels, *image.shape[:2])

    return ToFloatTensor


@misconception(exercise="transforms")
def rows_and_columns_swapped(work):
    """The image is mirrored along its diagonal: when the channels move to the front, rows stay before columns."""

    class ToFloatTensor(work.ToFloatTensor):
        def __call__(self, image):
            return super().__call__(image) if image.ndim == 2 else super().__call__(image).transpose(1, 2)

    return ToFloatTensor


@misconception(exercise="transforms")
def memory_shared_with_the_array(work):
    """Changing the tensor changes the array: `torch.from_numpy` makes a view, and so do `float()` and `as_tensor` where there is nothing to convert."""

    class ToFloatTensor:
        def __call__(self, image):
            tensor = torch.from_numpy(image)
            tensor = tensor.float() / 255 if tensor.dtype == torch.uint8 else tensor.float()
            return tensor.unsqueeze(0) if tensor.ndim == 2 else tensor.permute(2, 0, 1)

    return ToFloatTensor


@misconception(exercise="transforms")
def float64_stays_float64(work):
    """A float64 array becomes a float64 tensor; the contract asks for float32 in every case."""

    class ToFloatTensor(work.ToFloatTensor):
        def __call__(self, image):
            result = super().__call__(image)
            return result.double() if image.dtype == np.float64 else result

    return ToFloatTensor


@misconception(exercise="transforms")
def normalize_in_place(work):
    """Normalising changes the image it was given, which may be the dataset's stored one: the next read finds it already normalised."""

    class Normalize(work.Normalize):
        def __call__(self, image):
            return image.copy_(super().__call__(image))

    return Normalize


@misconception(exercise="transforms")
def mean_along_the_last_axis(work):
    """The mean is subtracted along the width: numbers of shape (C,) line up with the last axis unless you give them axes for rows and columns."""

    class Normalize:
        def __init__(self, mean, std):
            self.mean, self.std = mean, std

        def __call__(self, image):
            return (image - torch.tensor(self.mean, dtype=image.dtype)) / torch.tensor(self.std, dtype=image.dtype)

    return Normalize


@misconception(exercise="transforms")
def divided_by_the_variance(work):
    """The result is divided by the squared standard deviation instead of the standard deviation."""

    class Normalize(work.Normalize):
        def __init__(self, mean, std):
            super().__init__(mean, [s * s for s in std])

    return Normalize


@misconception(exercise="transforms")
def first_channel_for_all(work):
    """All channels are normalised with the numbers of the first."""

    class Normalize(work.Normalize):
        def __init__(self, mean, std):
            super().__init__(list(mean)[:1], list(std)[:1])

    return Normalize


@misconception(exercise="transforms")
def divided_before_subtracting(work):
    """The order is wrong: first the mean is subtracted, then the difference is divided."""

    class Normalize(work.Normalize):
        def __init__(self, mean, std):
            super().__init__([m * s for m, s in zip(mean, std, strict=True)], std)

    return Normalize


def shifting(work, draw, move=None):
    """A RandomShift that draws and moves in its own way."""

    def zero_fill(image, dy, dx):
        height, width = image.shape[-2:]
        m = max(abs(dy), abs(dx), 1)
        return F.pad(image, (m, m, m, m))[..., m - dy : m - dy + height, m - dx : m - dx + width].clone()

    class RandomShift:
        def __init__(self, max_px, generator):
            self.max_px, self.generator = max_px, generator

        def __call__(self, image):
            dy, dx = draw(self.max_px, self.generator)
            return (move or zero_fill)(image, dy, dx)

    return RandomShift


def right_draw(m, generator):
    return torch.randint(-m, m + 1, (2,), generator=generator).tolist()


@misconception(exercise="transforms")
def shift_wraps_around(work):
    """What leaves the frame comes back on the other side: `torch.roll` turns the image around, it does not shift it."""
    return shifting(work, right_draw, lambda image, dy, dx: torch.roll(image, (dy, dx), dims=(-2, -1)))


@misconception(exercise="transforms")
def border_repeated(work):
    """The freed pixels repeat the border; the contract asks for zeros."""

    def move(image, dy, dx):
        height, width = image.shape[-2:]
        rows = (torch.arange(height) - dy).clamp(0, height - 1)
        columns = (torch.arange(width) - dx).clamp(0, width - 1)
        return image[..., rows[:, None], columns]

    return shifting(work, right_draw, move)


@misconception(exercise="transforms")
def global_random_numbers(work):
    """The shifts do not come from the generator: Python's `random` ignores it and moves a stream that others rely on."""
    return shifting(work, lambda m, generator: (random.randint(-m, m), random.randint(-m, m)))


@misconception(exercise="transforms")
def generator_not_passed_on(work):
    """The generator is stored and never used: `torch.randint` draws from the global stream unless it is told otherwise."""
    return shifting(work, lambda m, generator: torch.randint(-m, m + 1, (2,)).tolist())


@misconception(exercise="transforms")
def upper_end_left_out(work):
    """The largest shift never happens: the upper end of `torch.randint` is not included."""
    return shifting(work, lambda m, generator: torch.randint(-m, max(m, 1 - m), (2,), generator=generator).tolist())


@misconception(exercise="transforms")
def never_up_or_left(work):
    """The digit only moves down and to the right; the shifts go from minus the limit to plus the limit."""
    return shifting(work, lambda m, generator: torch.randint(0, m + 1, (2,), generator=generator).tolist())


@misconception(exercise="transforms")
def shift_along_the_diagonal(work):
    """One number is used for both directions: rows and columns need a number each."""
    return shifting(work, lambda m, generator: torch.randint(-m, m + 1, (1,), generator=generator).tolist() * 2)


@misconception(exercise="transforms")
def right_and_down_swapped(work):
    """The first number moves the columns: it should move the rows, and the second the columns."""
    return shifting(work, lambda m, generator: right_draw(m, generator)[::-1])


@misconception(exercise="transforms")
def shift_in_the_wrong_direction(work):
    """The digit moves up where it should move down: check with a single bright pixel where it goes."""
    return shifting(work, lambda m, generator: [-n for n in right_draw(m, generator)])


@misconception(exercise="transforms")
def generator_seeded_at_each_call(work):
    """Every call gives the same shift: a generator is seeded once, and then it goes on by itself."""
    return shifting(work, lambda m, generator: right_draw(m, generator.manual_seed(0)))


@misconception(exercise="transforms")
def shift_in_place(work):
    """The shifted image overwrites the one it was made from: the next epoch shifts it further."""
    zero_fill = shifting(work, right_draw)

    class RandomShift(zero_fill):
        def __call__(self, image):
            return image.copy_(super().__call__(image)).clone()

    return RandomShift


@misconception(exercise="transforms")
def large_shifts_cut_to_the_frame(work):
    """A shift of the image's size or more leaves only zeros; here the image stays partly visible."""
    right = shifting(work, right_draw)

    class RandomShift(right):
        def __call__(self, image):
            dy, dx = right_draw(self.max_px, self.generator)
            height, width = image.shape[-2:]
            dy = max(1 - height, min(height - 1, dy))
            dx = max(1 - width, min(width - 1, dx))
            return shifting(work, lambda *_: (dy, dx))(0, None)(image)

    return RandomShift


@misconception(exercise="transforms")
def composed_backwards(work):
    """The last transform is applied first: the list reads from first to last."""

    class Compose(work.Compose):
        def __init__(self, transforms):
            super().__init__(list(transforms)[::-1])

    return Compose


@misconception(exercise="transforms")
def each_transform_from_the_start(work):
    """Only the last transform shows: each one should get what the one before has returned."""

    class Compose:
        def __init__(self, transforms):
            self.transforms = transforms

        def __call__(self, image):
            result = image
            for transform in self.transforms:
                result = transform(image)
            return result

    return Compose


# 3.4 channel_stats -------------------------------------------------------------------------------------------------


def batches_of(dataset, batch_size, **options):
    for batch in DataLoader(dataset, batch_size, **options):
        yield batch[0] if isinstance(batch, (tuple, list)) else batch


def sums(dataset, batch_size, dtype=torch.float64, **options):
    """(pixels per channel, sum, sum of squares)"""
    count, total, squares = 0, 0, 0
    for images in batches_of(dataset, batch_size, **options):
        images = images.to(dtype)
        count += images.numel() // images.shape[1]
        total = total + images.sum((0, 2, 3))
        squares = squares + (images * images).sum((0, 2, 3))
    return count, total, squares


def population(count, total, squares):
    mean = total / count
    return mean, (squares / count - mean * mean).clamp_min(0).sqrt()


@misconception(exercise="channel_stats")
def summed_in_uint8(work):
    """Sums of bytes start again at 256: convert the pixels before you add them up."""

    def channel_stats(dataset, batch_size):
        count, total, squares = 0, 0, 0
        for images in batches_of(dataset, batch_size):
            dtype = torch.uint8 if images.dtype == torch.uint8 else torch.float64
            images = images.to(dtype)
            count += images.numel() // images.shape[1]
            total = total + images.sum((0, 2, 3), dtype=dtype)
            squares = squares + (images * images).sum((0, 2, 3), dtype=dtype)
        return population(count, total.double(), squares.double())

    return channel_stats


@misconception(exercise="channel_stats")
def squared_in_uint8(work):
    """The squares are taken before the conversion: 16 * 16 is 0 in uint8."""

    def channel_stats(dataset, batch_size):
        count, total, squares = 0, 0, 0
        for images in batches_of(dataset, batch_size):
            count += images.numel() // images.shape[1]
            total = total + images.double().sum((0, 2, 3))
            wide = images if images.dtype == torch.uint8 else images.double()
            squares = squares + (wide * wide).double().sum((0, 2, 3))
        return population(count, total, squares)

    return channel_stats


def averaged(statistics, finish=lambda mean, second: (mean, second)):
    """A channel_stats that averages two statistics of the batches."""

    def channel_stats(dataset, batch_size):
        found = [statistics(images.double().transpose(0, 1).flatten(1)) for images in batches_of(dataset, batch_size)]
        return finish(torch.stack([m for m, _ in found]).mean(0), torch.stack([s for _, s in found]).mean(0))

    return channel_stats


@misconception(exercise="channel_stats")
def mean_of_the_batches_stds(work):
    """The spread between the batches is lost: the mean of the batches' standard deviations is not the standard deviation of all pixels."""
    solution = work.channel_stats
    wrong = averaged(lambda x: (x.mean(1), x.std(1, correction=0)))

    def channel_stats(dataset, batch_size):
        return solution(dataset, batch_size)[0], wrong(dataset, batch_size)[1]

    return channel_stats


@misconception(exercise="channel_stats")
def root_of_the_mean_variance(work):
    """Averaging the batches' variances counts the spread within the batches only, not how far the batches lie apart."""
    solution = work.channel_stats
    wrong = averaged(lambda x: (x.mean(1), x.var(1, correction=0)), lambda mean, var: (mean, var.sqrt()))

    def channel_stats(dataset, batch_size):
        return solution(dataset, batch_size)[0], wrong(dataset, batch_size)[1]

    return channel_stats


@misconception(exercise="channel_stats")
def batch_statistics_averaged(work):
    """Averages of the batches' means and standard deviations are not those of all pixels: a small batch counts too much, and the spread between batches is lost."""
    return averaged(lambda x: (x.mean(1), x.std(1, correction=0)))


@misconception(exercise="channel_stats")
def batch_sample_statistics_averaged(work):
    """Averages of the batches' means and standard deviations are not those of all pixels, and each standard deviation was that of a sample as well."""
    return averaged(lambda x: (x.mean(1), x.std(1)))


@misconception(exercise="channel_stats")
def mean_of_the_batches_means(work):
    """The last batch is smaller, but counts as much as the others: sums over all pixels treat every pixel alike."""
    return averaged(lambda x: (x.mean(1), (x * x).mean(1)), lambda mean, second: (mean, (second - mean * mean).sqrt()))


@misconception(exercise="channel_stats")
def sample_std(work):
    """The sum of squares is divided by one less than the number of pixels, which is torch's default; the contract asks for the population's standard deviation."""

    def channel_stats(dataset, batch_size):
        count, total, squares = sums(dataset, batch_size)
        mean, std = population(count, total, squares)
        return mean, std * math.sqrt(count / (count - 1))

    return channel_stats


@misconception(exercise="channel_stats")
def last_batch_dropped(work):
    """The last, smaller batch is missing from the sums."""

    def channel_stats(dataset, batch_size):
        return population(*sums(dataset, batch_size, drop_last=True))

    return channel_stats


@misconception(exercise="channel_stats")
def first_batch_only(work):
    """The numbers describe the first batch, not the whole dataset."""
    solution = work.channel_stats

    def channel_stats(dataset, batch_size):
        return solution(Subset(dataset, range(min(batch_size, len(dataset)))), batch_size)

    return channel_stats


@misconception(exercise="channel_stats")
def all_channels_in_one(work):
    """One number for all channels: `Normalize` needs one for each."""

    def channel_stats(dataset, batch_size):
        count, total, squares = sums(dataset, batch_size)
        channels = len(total)
        mean, std = population(count * channels, total.sum(), squares.sum())
        return mean.expand(channels).clone(), std.expand(channels).clone()

    return channel_stats


@misconception(exercise="channel_stats")
def one_number_for_each_pixel(work):
    """The batch is averaged, but rows and columns are still there: a channel's mean runs over all its pixels."""

    def channel_stats(dataset, batch_size):
        images = torch.cat([images.double() for images in batches_of(dataset, batch_size)])
        return images.mean(0), images.std(0, correction=0)

    return channel_stats


@misconception(exercise="channel_stats")
def variance_for_std(work):
    """The second result is the variance: its root is missing."""
    solution = work.channel_stats

    def channel_stats(dataset, batch_size):
        mean, std = solution(dataset, batch_size)
        return mean, std.square()

    return channel_stats


@misconception(exercise="channel_stats")
def summed_in_float32(work):
    """The digits are lost before the conversion: squares of large numbers, summed in float32, leave nothing of a small spread."""

    def channel_stats(dataset, batch_size):
        count, total, squares = sums(dataset, batch_size, dtype=torch.float32)
        return tuple(x.double() for x in population(count, total, squares))

    return channel_stats


@misconception(exercise="channel_stats")
def float32_results(work):
    """The results are float32; the contract asks for float64 sums and float64 results."""
    solution = work.channel_stats

    def channel_stats(dataset, batch_size):
        return tuple(x.float() for x in solution(dataset, batch_size))

    return channel_stats


@misconception(exercise="channel_stats")
def everything_in_memory(work):
    """All images are held at once: that works for these few, not for a dataset larger than the memory."""

    def channel_stats(dataset, batch_size):
        items = [dataset[i] for i in range(len(dataset))]
        images = torch.stack([item[0] if isinstance(item, tuple) else item for item in items]).double()
        return images.mean((0, 2, 3)), images.std((0, 2, 3), correction=0)

    return channel_stats


@misconception(exercise="channel_stats")
def batches_put_back_together(work):
    """The batches are joined to one large tensor at the end: keep sums and let the batches go."""

    def channel_stats(dataset, batch_size):
        images = torch.cat([images.double() for images in batches_of(dataset, batch_size)])
        return images.mean((0, 2, 3)), images.std((0, 2, 3), correction=0)

    return channel_stats


@misconception(exercise="channel_stats")
def bytes_scaled_to_one(work):
    """uint8 images are divided by 255 here; the contract says to take values as they come."""
    solution = work.channel_stats

    def channel_stats(dataset, batch_size):
        mean, std = solution(dataset, batch_size)
        first = dataset[0][0] if isinstance(dataset[0], tuple) else dataset[0]
        return (mean / 255, std / 255) if first.dtype == torch.uint8 else (mean, std)

    return channel_stats


@misconception(exercise="channel_stats")
def items_must_be_pairs(work):
    """A dataset may give images without labels; taking the first of two then cuts the batch instead."""
    solution = work.channel_stats

    def channel_stats(dataset, batch_size):
        return solution(Subset([(dataset[i][0], 0) for i in range(len(dataset))], range(len(dataset))), batch_size)

    return channel_stats


# 3.5 split_with_transforms -----------------------------------------------------------------------------------------


def seeded(seed):
    return torch.Generator().manual_seed(seed)


@misconception(exercise="split_with_transforms")
def transform_of_the_shared_dataset(work):
    """Training lost its augmentation: both subsets look into the same dataset, so setting its transform sets it for both."""

    def split_with_transforms(dataset_cls, path, fraction, seed, train_tf, val_tf):
        full = dataset_cls(path, transform=train_tf, train=True)
        n_val = round(fraction * len(full))
        train, val = random_split(full, [len(full) - n_val, n_val], generator=seeded(seed))
        val.dataset.transform = val_tf
        return train, val

    return split_with_transforms


@misconception(exercise="split_with_transforms")
def augmented_validation(work):
    """Validation items are augmented too: they go through the training transform."""
    solution = work.split_with_transforms

    def split_with_transforms(dataset_cls, path, fraction, seed, train_tf, val_tf):
        return solution(dataset_cls, path, fraction, seed, train_tf, train_tf)

    return split_with_transforms


@misconception(exercise="split_with_transforms")
def transforms_swapped(work):
    """Each part has the other part's transform."""
    solution = work.split_with_transforms

    def split_with_transforms(dataset_cls, path, fraction, seed, train_tf, val_tf):
        return solution(dataset_cls, path, fraction, seed, val_tf, train_tf)

    return split_with_transforms


@misconception(exercise="split_with_transforms")
def validation_through_both(work):
    """Validation items pass through both transforms: their dataset already had the training transform."""
    solution = work.split_with_transforms

    def split_with_transforms(dataset_cls, path, fraction, seed, train_tf, val_tf):
        return solution(dataset_cls, path, fraction, seed, train_tf, lambda image: val_tf(train_tf(image)))

    return split_with_transforms


@misconception(exercise="split_with_transforms")
def converted_before_the_transform(work):
    """The transforms get images that were already converted: a dataset without a transform does not give raw images."""
    solution = work.split_with_transforms

    def split_with_transforms(dataset_cls, path, fraction, seed, train_tf, val_tf):
        train, val = solution(dataset_cls, path, fraction, seed, None, None)

        class Mapped(Dataset):
            def __init__(self, part, transform):
                self.part, self.transform = part, transform

            def __len__(self):
                return len(self.part)

            def __getitem__(self, index):
                image, label = self.part[index]
                return self.transform(image), label

        return Mapped(train, train_tf), Mapped(val, val_tf)

    return split_with_transforms


def cut(choose):
    """A split by `choose(order, n_val, seed) -> (train indices, validation indices)`."""

    def split_with_transforms(dataset_cls, path, fraction, seed, train_tf, val_tf):
        train_full, val_full = dataset_cls(path, train_tf, True), dataset_cls(path, val_tf, True)
        n = len(train_full)
        order = torch.randperm(n, generator=seeded(seed)).tolist()
        train, val = choose(order, round(fraction * n), seed)
        return Subset(train_full, train), Subset(val_full, val)

    return split_with_transforms


@misconception(exercise="split_with_transforms")
def overlap_by_one(work):
    """One item is in both parts: where one slice ends, the next begins, with the same number."""
    return cut(lambda order, n_val, seed: (order[max(n_val - 1, 0) :], order[:n_val]))


@misconception(exercise="split_with_transforms")
def one_item_lost(work):
    """One item is in neither part: a slice already leaves out its end, so nothing has to be added."""
    return cut(lambda order, n_val, seed: (order[n_val + 1 :], order[:n_val]))


@misconception(exercise="split_with_transforms")
def minus_zero_slice(work):
    """With nothing to validate on, training gets nothing: `order[:-0]` is empty, because -0 is 0."""
    return cut(lambda order, n_val, seed: (order[:-n_val], order[-n_val:]))


@misconception(exercise="split_with_transforms")
def not_shuffled(work):
    """Validation gets one end of the file: if the file is sorted by class, whole classes are missing from training."""
    return cut(lambda order, n_val, seed: (sorted(order)[n_val:], sorted(order)[:n_val]))


@misconception(exercise="split_with_transforms")
def two_different_orders(work):
    """The two parts are cut from different orders, so items are in both and others in neither: draw one order and cut it."""
    return cut(
        lambda order, n_val, seed: (
            order[n_val:],
            torch.randperm(len(order), generator=seeded(seed + 1)).tolist()[:n_val],
        )
    )


@misconception(exercise="split_with_transforms")
def seed_ignored(work):
    """Every seed gives the same split: the seed is not handed on to the generator."""
    solution = work.split_with_transforms

    def split_with_transforms(dataset_cls, path, fraction, seed, train_tf, val_tf):
        return solution(dataset_cls, path, fraction, 42, train_tf, val_tf)

    return split_with_transforms


@misconception(exercise="split_with_transforms")
def split_from_the_global_stream(work):
    """The same seed gives another split each time: the order comes from the global random stream."""
    solution = work.split_with_transforms

    def split_with_transforms(dataset_cls, path, fraction, seed, train_tf, val_tf):
        return solution(dataset_cls, path, fraction, int(torch.randint(0, 10_000, ())), train_tf, val_tf)

    return split_with_transforms


@misconception(exercise="split_with_transforms")
def global_seed_set(work):
    """`torch.manual_seed` sets the seed of everybody else's random numbers as well: use a generator of your own."""
    solution = work.split_with_transforms

    def split_with_transforms(dataset_cls, path, fraction, seed, train_tf, val_tf):
        torch.manual_seed(seed)
        return solution(dataset_cls, path, fraction, seed, train_tf, val_tf)

    return split_with_transforms


@misconception(exercise="split_with_transforms")
def fraction_for_training(work):
    """The fraction is the share of the validation set, not of the training set."""
    solution = work.split_with_transforms

    def split_with_transforms(dataset_cls, path, fraction, seed, train_tf, val_tf):
        return solution(dataset_cls, path, 1 - fraction, seed, train_tf, val_tf)

    return split_with_transforms


@misconception(exercise="split_with_transforms")
def parts_returned_in_the_wrong_order(work):
    """The validation set comes first in the returned pair; the training set should."""
    solution = work.split_with_transforms

    def split_with_transforms(dataset_cls, path, fraction, seed, train_tf, val_tf):
        return solution(dataset_cls, path, fraction, seed, train_tf, val_tf)[::-1]

    return split_with_transforms


@misconception(exercise="split_with_transforms")
def rounded_down(work):
    """`int` cuts off; the contract asks for the nearest whole number."""
    solution = work.split_with_transforms

    def split_with_transforms(dataset_cls, path, fraction, seed, train_tf, val_tf):
        n = len(dataset_cls(path, None, True))
        return solution(dataset_cls, path, int(fraction * n + 1e-9) / n, seed, train_tf, val_tf)

    return split_with_transforms


@misconception(exercise="split_with_transforms")
def test_files_for_validation(work):
    """Validation items come from the test files: those are for the very end, so split the training files."""
    solution = work.split_with_transforms

    def split_with_transforms(dataset_cls, path, fraction, seed, train_tf, val_tf):
        train, val = solution(dataset_cls, path, fraction, seed, train_tf, val_tf)
        test = dataset_cls(path, transform=val_tf, train=False)
        return train, Subset(test, range(min(len(val), len(test))))

    return split_with_transforms


# 3.6 make_loaders --------------------------------------------------------------------------------------------------


def loaders(train=None, test=None):
    """A make_loaders with other options for one loader."""

    def make_loaders(train_ds, test_ds, batch_size, seed):
        train_options = {"batch_size": batch_size, "shuffle": True, "generator": seeded(seed)}
        test_options = {"batch_size": batch_size, "generator": seeded(seed)}
        return (
            DataLoader(train_ds, **(train_options | (train(train_ds, seed) if train else {}))),
            DataLoader(test_ds, **(test_options | (test(test_ds, seed) if test else {}))),
        )

    return make_loaders


@misconception(exercise="make_loaders")
def test_set_shuffled(work):
    """The test loader shuffles: predictions no longer line up with the items of the dataset."""
    return loaders(test=lambda ds, seed: {"shuffle": True})


@misconception(exercise="make_loaders")
def last_test_batch_dropped(work):
    """The last test batch is missing, so a metric is computed on a part of the test set only."""
    return loaders(test=lambda ds, seed: {"drop_last": True})


@misconception(exercise="make_loaders")
def last_training_batch_dropped(work):
    """The last training batch is missing; here every item is to be seen in every epoch."""
    return loaders(train=lambda ds, seed: {"drop_last": True})


@misconception(exercise="make_loaders")
def training_not_shuffled(work):
    """Training goes through the items in the order of the file, in every epoch."""
    return loaders(train=lambda ds, seed: {"shuffle": False})


@misconception(exercise="make_loaders")
def same_order_each_epoch(work):
    """Every epoch has the same order: the seed is set again at the start of each, and not only once."""

    class Reseeded(Sampler):
        def __init__(self, n, seed):
            self.n, self.seed = n, seed

        def __len__(self):
            return self.n

        def __iter__(self):
            return iter(torch.randperm(self.n, generator=seeded(self.seed)).tolist())

    return loaders(train=lambda ds, seed: {"shuffle": False, "sampler": Reseeded(len(ds), seed)})


@misconception(exercise="make_loaders")
def shuffled_once(work):
    """The items were shuffled when the loader was made and keep that order in all epochs."""
    solution = work.make_loaders

    def make_loaders(train_ds, test_ds, batch_size, seed):
        order = torch.randperm(len(train_ds), generator=seeded(seed)).tolist()
        _, test = solution(train_ds, test_ds, batch_size, seed)
        return DataLoader(Subset(train_ds, order), batch_size), test

    return make_loaders


@misconception(exercise="make_loaders")
def sampler_and_shuffle(work):
    """A loader takes a sampler or `shuffle=True`, not both: each of them is the order."""
    return loaders(train=lambda ds, seed: {"sampler": RandomSampler(ds, generator=seeded(seed))})


@misconception(exercise="make_loaders")
def drawn_with_replacement(work):
    """Some items come twice in an epoch and others not at all: drawing with replacement is not shuffling."""
    return loaders(
        train=lambda ds, seed: {
            "shuffle": False,
            "sampler": RandomSampler(ds, replacement=True, generator=seeded(seed)),
        }
    )


@misconception(exercise="make_loaders")
def order_from_the_global_stream(work):
    """The seed is not used: without a generator of its own, the loader shuffles with the global random stream."""
    return loaders(train=lambda ds, seed: {"generator": None}, test=lambda ds, seed: {"generator": None})


@misconception(exercise="make_loaders")
def global_seed_at_the_start(work):
    """`torch.manual_seed` moves the global stream, and everything that draws from it before the first batch changes the order again."""
    wrong = loaders(train=lambda ds, seed: {"generator": None}, test=lambda ds, seed: {"generator": None})

    def make_loaders(train_ds, test_ds, batch_size, seed):
        torch.manual_seed(seed)
        return wrong(train_ds, test_ds, batch_size, seed)

    return make_loaders


@misconception(exercise="make_loaders")
def test_loader_without_generator(work):
    """Reading the test set moves the global random stream: a loader draws a seed for its workers even if it has none and does not shuffle."""
    return loaders(test=lambda ds, seed: {"generator": None})


@misconception(exercise="make_loaders")
def one_generator_for_both(work):
    """Evaluating between two epochs changes the order of training: both loaders draw from the same generator."""

    def make_loaders(train_ds, test_ds, batch_size, seed):
        generator = seeded(seed)
        train = DataLoader(train_ds, batch_size, shuffle=True, generator=generator)
        return train, DataLoader(test_ds, batch_size, generator=generator)

    return make_loaders


@misconception(exercise="make_loaders")
def seed_not_used(work):
    """Every seed gives the same orders: a generator that is not seeded starts from torch's default seed."""
    return loaders(train=lambda ds, seed: {"generator": torch.Generator()})


@misconception(exercise="make_loaders")
def batch_size_of_32(work):
    """The batch size is fixed in the code; it is an argument."""
    solution = work.make_loaders

    def make_loaders(train_ds, test_ds, batch_size, seed):
        return solution(train_ds, test_ds, 32, seed)

    return make_loaders


@misconception(exercise="make_loaders")
def whole_test_set_in_one_batch(work):
    """The test set comes as one batch: the batch size holds for both loaders."""
    return loaders(test=lambda ds, seed: {"batch_size": len(ds)})


@misconception(exercise="make_loaders")
def loaders_swapped(work):
    """The test loader comes first in the returned pair; the training loader should."""
    solution = work.make_loaders

    def make_loaders(train_ds, test_ds, batch_size, seed):
        return solution(train_ds, test_ds, batch_size, seed)[::-1]

    return make_loaders


# 3.7 pad_collate ---------------------------------------------------------------------------------------------------


@misconception(exercise="pad_collate")
def default_collate_only(work):
    """The default collate function stacks, and only tensors of one size can be stacked: pad them first."""

    def pad_collate(batch, pad_value=0):
        X, y = default_collate(batch)
        return X, y, torch.tensor([len(x) for x, _ in batch])

    return pad_collate


@misconception(exercise="pad_collate")
def padding_on_the_left(work):
    """The values stand at the end of the rows: they come first, and the padding after them."""
    solution = work.pad_collate

    def pad_collate(batch, pad_value=0):
        X, y, lengths = solution([(x.flip(0), label) for x, label in batch], pad_value)
        return X.flip(1), y, lengths

    return pad_collate


@misconception(exercise="pad_collate")
def width_of_100(work):
    """All batches have the same width: it should be that of the longest sequence in this batch."""
    solution = work.pad_collate

    def pad_collate(batch, pad_value=0):
        X, y, lengths = solution(batch, pad_value)
        return F.pad(X, (0, 100 - X.shape[1]), value=pad_value), y, lengths

    return pad_collate


@misconception(exercise="pad_collate")
def cut_to_the_shortest(work):
    """Values are lost: sequences are cut to the shortest instead of being filled up to the longest."""
    solution = work.pad_collate

    def pad_collate(batch, pad_value=0):
        shortest = min(len(x) for x, _ in batch)
        X, y, _ = solution([(x[:shortest], label) for x, label in batch], pad_value)
        return X, y, torch.tensor([len(x) for x, _ in batch])

    return pad_collate


@misconception(exercise="pad_collate")
def pad_value_ignored(work):
    """The padding is zero whatever `pad_value` says."""
    solution = work.pad_collate

    def pad_collate(batch, pad_value=0):
        return solution(batch, 0)

    return pad_collate


@misconception(exercise="pad_collate")
def always_float32(work):
    """Token numbers became floats: X has the dtype of the sequences, and `torch.zeros` has one of its own."""
    solution = work.pad_collate

    def pad_collate(batch, pad_value=0):
        X, y, lengths = solution(batch, pad_value)
        return X.to(torch.float32), y, lengths

    return pad_collate


@misconception(exercise="pad_collate")
def only_X_sorted(work):
    """The rows were sorted by length, but the labels were not: labels belong to other rows now."""
    solution = work.pad_collate

    def pad_collate(batch, pad_value=0):
        _, y, _ = solution(batch, pad_value)
        X, _, lengths = solution(sorted(batch, key=lambda pair: -len(pair[0])), pad_value)
        return X, y, lengths

    return pad_collate


@misconception(exercise="pad_collate")
def sorted_by_length(work):
    """The batch comes back in another order: nobody asked for it to be sorted."""
    solution = work.pad_collate

    def pad_collate(batch, pad_value=0):
        return solution(sorted(batch, key=lambda pair: -len(pair[0])), pad_value)

    return pad_collate


@misconception(exercise="pad_collate")
def callers_list_sorted(work):
    """The caller's list was sorted: `list.sort` works in place, and the list belongs to somebody else."""
    solution = work.pad_collate

    def pad_collate(batch, pad_value=0):
        batch.sort(key=lambda pair: -len(pair[0]))
        return solution(batch, pad_value)

    return pad_collate


@misconception(exercise="pad_collate")
def callers_batch_emptied(work):
    """The caller's list has lost its items: `pop` takes them out of a list that belongs to somebody else."""
    solution = work.pad_collate

    def pad_collate(batch, pad_value=0):
        result = solution(batch, pad_value)
        while batch:
            batch.pop(0)
        return result

    return pad_collate


@misconception(exercise="pad_collate")
def single_sequence_not_copied(work):
    """With nothing to pad, X is a view of the sequence: changing the batch changes the dataset."""
    solution = work.pad_collate

    def pad_collate(batch, pad_value=0):
        X, y, lengths = solution(batch, pad_value)
        return (batch[0][0].unsqueeze(0) if len(batch) == 1 else X), y, lengths

    return pad_collate


@misconception(exercise="pad_collate")
def lengths_after_padding(work):
    """All lengths are the width of X: they are asked for as they were before padding."""
    solution = work.pad_collate

    def pad_collate(batch, pad_value=0):
        X, y, lengths = solution(batch, pad_value)
        return X, y, torch.full_like(lengths, X.shape[1])

    return pad_collate


@misconception(exercise="pad_collate")
def lengths_counted_by_value(work):
    """Counting what is not the pad value miscounts as soon as a sequence contains that value: take the lengths before padding."""
    solution = work.pad_collate

    def pad_collate(batch, pad_value=0):
        X, y, _ = solution(batch, 0)
        return solution(batch, pad_value)[0], y, (X > 1).sum(1)

    return pad_collate


@misconception(exercise="pad_collate")
def lengths_as_a_list(work):
    """The lengths are a plain list; the contract asks for an int64 tensor."""
    solution = work.pad_collate

    def pad_collate(batch, pad_value=0):
        X, y, lengths = solution(batch, pad_value)
        return X, y, lengths.tolist()

    return pad_collate


@misconception(exercise="pad_collate")
def float_labels(work):
    """The labels became floats: class numbers are int64."""
    solution = work.pad_collate

    def pad_collate(batch, pad_value=0):
        X, y, lengths = solution(batch, pad_value)
        return X, y.float(), lengths

    return pad_collate


@misconception(exercise="pad_collate")
def time_before_batch(work):
    """X is (L, B): `pad_sequence` puts time first unless it is told otherwise."""
    solution = work.pad_collate

    def pad_collate(batch, pad_value=0):
        X, y, lengths = solution(batch, pad_value)
        return X.T.contiguous(), y, lengths

    return pad_collate


@misconception(exercise="pad_collate")
def batch_of_one_squeezed(work):
    """A batch of one has lost its batch axis: `squeeze` removes every axis of size one, the wanted ones too."""
    solution = work.pad_collate

    def pad_collate(batch, pad_value=0):
        X, y, lengths = solution(batch, pad_value)
        return X.squeeze(), y, lengths

    return pad_collate


@misconception(exercise="pad_collate")
def empty_sequences_left_out(work):
    """A sequence of length 0 is an item like the others; here its row is missing."""
    solution = work.pad_collate

    def pad_collate(batch, pad_value=0):
        return solution([pair for pair in batch if len(pair[0])], pad_value)

    return pad_collate


# 3.8 balanced_sampler ----------------------------------------------------------------------------------------------


def weighted(weigh, **options):
    """A balanced_sampler with other weights or options."""

    def balanced_sampler(labels, generator):
        labels = torch.as_tensor(labels)
        settings = {"num_samples": len(labels), "replacement": True, "generator": generator} | options
        return WeightedRandomSampler(weigh(labels).to(torch.float64), **settings)

    return balanced_sampler


def count_of_each(labels):
    return torch.bincount(labels)[labels].to(torch.float64)


@misconception(exercise="balanced_sampler")
def one_weight_for_each_class(work):
    """There are as many weights as classes, so only the first few items can ever be drawn: the sampler wants one weight for each item."""
    return weighted(lambda labels: 1.0 / labels.unique(return_counts=True)[1])


@misconception(exercise="balanced_sampler")
def weighted_by_frequency(work):
    """Frequent classes are drawn even more often: the weight should fall when the count rises."""
    return weighted(count_of_each)


@misconception(exercise="balanced_sampler")
def one_minus_the_share(work):
    """One minus the share of the class is right for two classes only; with three, rare ones are still too rare."""
    return weighted(lambda labels: 1 - count_of_each(labels) / (len(labels) + (len(labels.unique()) == 1)))


@misconception(exercise="balanced_sampler")
def root_of_the_count(work):
    """The root of the count balances halfway: for equal chances of the classes, weight times count must be the same for all."""
    return weighted(lambda labels: count_of_each(labels) ** -0.5)


@misconception(exercise="balanced_sampler")
def all_weights_equal(work):
    """All items have the same chance, so classes are drawn as often as they occur."""
    return weighted(lambda labels: torch.ones(len(labels)))


@misconception(exercise="balanced_sampler")
def inverse_of_the_label(work):
    """The weights were made of the class numbers; they should be made of how often each class occurs."""
    return weighted(lambda labels: 1.0 / (labels + 1))


@misconception(exercise="balanced_sampler")
def counts_indexed_by_label(work):
    """Class numbers are used as positions in the list of classes that occur: with gaps in the numbers that fails."""

    def weigh(labels):
        counts = labels.unique(return_counts=True)[1]
        return (1.0 / counts)[labels]

    return weighted(weigh)


@misconception(exercise="balanced_sampler")
def without_replacement(work):
    """Without replacement, as many draws as items give every item once: a permutation, and nothing is balanced."""
    return weighted(lambda labels: 1 / count_of_each(labels), replacement=False)


@misconception(exercise="balanced_sampler")
def as_many_draws_as_the_rarest_allows(work):
    """The epoch is shorter than the dataset: with replacement there is no need to stop when the rarest class is used up."""
    solution = work.balanced_sampler

    def balanced_sampler(labels, generator):
        counts = torch.as_tensor(labels).unique(return_counts=True)[1]
        right = solution(labels, generator)
        return WeightedRandomSampler(right.weights, int(counts.min()) * len(counts), True, generator)

    return balanced_sampler


@misconception(exercise="balanced_sampler")
def one_draw_for_each_class(work):
    """One draw for each class makes an epoch of a few items: `num_samples` is the number of items."""
    solution = work.balanced_sampler

    def balanced_sampler(labels, generator):
        right = solution(labels, generator)
        return WeightedRandomSampler(right.weights, len(torch.as_tensor(labels).unique()), True, generator)

    return balanced_sampler


@misconception(exercise="balanced_sampler")
def generator_left_out(work):
    """The draws come from the global random stream: the generator was not handed to the sampler."""
    return weighted(lambda labels: 1 / count_of_each(labels), generator=None)


@misconception(exercise="balanced_sampler")
def generator_replaced(work):
    """The draws do not depend on the generator that was given: another one is made inside."""
    solution = work.balanced_sampler

    def balanced_sampler(labels, generator):
        right = solution(labels, generator)
        generator = torch.Generator()
        generator.seed()
        return WeightedRandomSampler(right.weights, len(labels), True, generator)

    return balanced_sampler


@misconception(exercise="balanced_sampler")
def labels_must_be_a_tensor(work):
    """Labels may also come as a list, which has no tensor methods."""
    solution = work.balanced_sampler

    def balanced_sampler(labels, generator):
        return solution(labels.clone(), generator)

    return balanced_sampler


@misconception(exercise="balanced_sampler")
def labels_renumbered_in_place(work):
    """The caller's labels were renumbered: they belong to somebody else."""
    solution = work.balanced_sampler

    def balanced_sampler(labels, generator):
        sampler = solution(labels, generator)
        classes = sorted({int(label) for label in labels})
        for i, label in enumerate(labels):
            labels[i] = classes.index(int(label))
        return sampler

    return balanced_sampler


# 3.9 BucketBatchSampler --------------------------------------------------------------------------------------------


@misconception(exercise="bucket_batch_sampler")
def tail_always_dropped(work):
    """The last, smaller batch is missing although it was not to be dropped."""

    class BucketBatchSampler(work.BucketBatchSampler):
        def __init__(self, lengths, batch_size, drop_last, generator):
            super().__init__(lengths, batch_size, True, generator)

    return BucketBatchSampler


@misconception(exercise="bucket_batch_sampler")
def tail_never_dropped(work):
    """With `drop_last=True` the smaller batch should be left out."""

    class BucketBatchSampler(work.BucketBatchSampler):
        def __init__(self, lengths, batch_size, drop_last, generator):
            super().__init__(lengths, batch_size, False, generator)

    return BucketBatchSampler


@misconception(exercise="bucket_batch_sampler")
def length_rounded_down(work):
    """`len` forgets the smaller batch: dividing with `//` counts the full ones only, and a progress bar or scheduler ends too early."""

    class BucketBatchSampler(work.BucketBatchSampler):
        def __init__(self, lengths, batch_size, drop_last, generator):
            super().__init__(lengths, batch_size, drop_last, generator)
            self.count = len(lengths) // batch_size

        def __len__(self):
            return self.count

    return BucketBatchSampler


@misconception(exercise="bucket_batch_sampler")
def length_counts_items(work):
    """`len` of a batch sampler is the number of batches, not of items."""

    class BucketBatchSampler(work.BucketBatchSampler):
        def __init__(self, lengths, batch_size, drop_last, generator):
            super().__init__(lengths, batch_size, drop_last, generator)
            self.count = len(lengths)

        def __len__(self):
            return self.count

    return BucketBatchSampler


@misconception(exercise="bucket_batch_sampler")
def batches_used_up(work):
    """The second epoch is empty: the batches were taken out of a list, or an iterator made once was used up."""

    class BucketBatchSampler(work.BucketBatchSampler):
        def __init__(self, lengths, batch_size, drop_last, generator):
            super().__init__(lengths, batch_size, drop_last, generator)
            self.once = super().__iter__()

        def __iter__(self):
            return self.once

    return BucketBatchSampler


@misconception(exercise="bucket_batch_sampler")
def positions_in_the_sorted_list(work):
    """The numbers are positions in the sorted list: the dataset wants its own indices."""

    class BucketBatchSampler(work.BucketBatchSampler):
        def __init__(self, lengths, batch_size, drop_last, generator):
            super().__init__(sorted(lengths), batch_size, drop_last, generator)

    return BucketBatchSampler


@misconception(exercise="bucket_batch_sampler")
def lengths_for_indices(work):
    """The batches hold lengths; they should hold the indices of the items with those lengths."""

    class BucketBatchSampler(work.BucketBatchSampler):
        def __init__(self, lengths, batch_size, drop_last, generator):
            super().__init__(lengths, batch_size, drop_last, generator)
            last = len(lengths) - 1
            self.batches = [[min(lengths[i], last) for i in batch] for batch in self.batches]

    return BucketBatchSampler


@misconception(exercise="bucket_batch_sampler")
def batches_always_from_short_to_long(work):
    """The batches come in the order of their lengths in every epoch: sort the items, then shuffle the batches."""

    class BucketBatchSampler(work.BucketBatchSampler):
        def __iter__(self):
            return iter(self.batches)

    return BucketBatchSampler


@misconception(exercise="bucket_batch_sampler")
def batches_shuffled_once(work):
    """All epochs have the same order: it was drawn when the sampler was made, not when it is iterated."""

    class BucketBatchSampler(work.BucketBatchSampler):
        def __init__(self, lengths, batch_size, drop_last, generator):
            super().__init__(lengths, batch_size, drop_last, generator)
            self.fixed = list(super().__iter__())

        def __iter__(self):
            return iter(self.fixed)

    return BucketBatchSampler


@misconception(exercise="bucket_batch_sampler")
def batches_at_random(work):
    """The batches hold short and long items together: the items have to be sorted before they are cut into batches."""

    class BucketBatchSampler(work.BucketBatchSampler):
        def __init__(self, lengths, batch_size, drop_last, generator):
            super().__init__([0] * len(lengths), batch_size, drop_last, generator)

        def __iter__(self):
            flat = [i for batch in self.batches for i in batch]
            size = len(self.batches[0]) if self.batches else 1
            order = [flat[i] for i in torch.randperm(len(flat), generator=self.generator).tolist()]
            return iter([order[start : start + size] for start in range(0, len(order), size)])

    return BucketBatchSampler


@misconception(exercise="bucket_batch_sampler")
def cut_from_the_longest(work):
    """The smaller batch holds the shortest items: cut from the short end, so that the rest is at the long end."""

    class BucketBatchSampler(work.BucketBatchSampler):
        def __init__(self, lengths, batch_size, drop_last, generator):
            super().__init__([-n for n in lengths], batch_size, drop_last, generator)

    return BucketBatchSampler


@misconception(exercise="bucket_batch_sampler")
def dropped_after_shuffling(work):
    """The last batch after shuffling is dropped, which is mostly a full one: the smaller batch is the last of the sorted items."""

    class BucketBatchSampler(work.BucketBatchSampler):
        def __init__(self, lengths, batch_size, drop_last, generator):
            super().__init__(lengths, batch_size, False, generator)
            self.smaller = drop_last and len(lengths) % batch_size > 0

        def __iter__(self):
            found = list(super().__iter__())
            return iter(found[:-1] if self.smaller else found)

        def __len__(self):
            return len(self.batches) - self.smaller

    return BucketBatchSampler


@misconception(exercise="bucket_batch_sampler")
def yields_single_indices(work):
    """Single indices come out: a batch sampler yields lists."""

    class BucketBatchSampler(work.BucketBatchSampler):
        def __iter__(self):
            for batch in super().__iter__():
                yield from batch

    return BucketBatchSampler


@misconception(exercise="bucket_batch_sampler")
def batches_from_the_global_stream(work):
    """The order of the batches comes from the global random stream: hand the generator to the function that draws."""

    class BucketBatchSampler(work.BucketBatchSampler):
        def __init__(self, lengths, batch_size, drop_last, generator):
            super().__init__(lengths, batch_size, drop_last, None)

    return BucketBatchSampler


@misconception(exercise="bucket_batch_sampler")
def batches_shuffled_with_random(work):
    """`random.shuffle` knows nothing of the generator and moves Python's global random stream."""

    class BucketBatchSampler(work.BucketBatchSampler):
        def __iter__(self):
            found = list(self.batches)
            random.shuffle(found)
            return iter(found)

    return BucketBatchSampler


@misconception(exercise="bucket_batch_sampler")
def generator_seeded_each_epoch(work):
    """Every epoch starts the generator anew, so all have the same order whatever generator was given."""

    class BucketBatchSampler(work.BucketBatchSampler):
        def __iter__(self):
            self.generator.manual_seed(0)
            return super().__iter__()

    return BucketBatchSampler


@misconception(exercise="bucket_batch_sampler")
def callers_lengths_sorted(work):
    """The caller's list of lengths was sorted in place: afterwards it no longer belongs to the dataset's items."""

    class BucketBatchSampler(work.BucketBatchSampler):
        def __init__(self, lengths, batch_size, drop_last, generator):
            super().__init__(list(lengths), batch_size, drop_last, generator)
            lengths.sort()

    return BucketBatchSampler


# 3.10 NoisyDataset -------------------------------------------------------------------------------------------------


@misconception(exercise="noisy_dataset")
def every_worker_has_a_copy_of_rng(work):
    """The workers repeat each other's noise and every epoch repeats the last: each worker starts with a copy of the same generator, and nothing replaces it."""

    def seed_worker(worker_id):
        np.random.seed(torch.initial_seed() % 2**32)

    return seed_worker


@misconception(exercise="noisy_dataset")
def seeded_with_the_workers_number(work):
    """The noise differs between workers, but every epoch repeats it: the worker's number is the same in all epochs."""

    def seed_worker(worker_id):
        get_worker_info().dataset.rng = np.random.default_rng(worker_id)

    return seed_worker


@misconception(exercise="noisy_dataset")
def seeded_with_the_epochs_number_only(work):
    """The epochs differ, but the workers repeat each other: the seed without the worker's number is the same in all workers of an epoch."""

    def seed_worker(worker_id):
        info = get_worker_info()
        info.dataset.rng = np.random.default_rng(info.seed - info.id)

    return seed_worker


@misconception(exercise="noisy_dataset")
def seeded_with_chance(work):
    """The noise cannot be repeated: a generator without a seed takes one from the operating system."""

    def seed_worker(worker_id):
        get_worker_info().dataset.rng = np.random.default_rng()

    return seed_worker


@misconception(exercise="noisy_dataset")
def new_generator_at_each_read(work):
    """Every read gives the same noise: the generator is made anew each time and always begins from the start."""

    class NoisyDataset(work.NoisyDataset):
        def __init__(self, base, std, seed=0):
            super().__init__(base, std, seed)
            self.seed = seed

        def __getitem__(self, index):
            self.rng = np.random.default_rng(self.seed)
            return super().__getitem__(index)

    return NoisyDataset


@misconception(exercise="noisy_dataset")
def seed_argument_ignored(work):
    """The argument `seed` changes nothing: `rng` starts from a fixed number."""

    class NoisyDataset(work.NoisyDataset):
        def __init__(self, base, std, seed=0):
            super().__init__(base, std, 12345)

    return NoisyDataset


@misconception(exercise="noisy_dataset")
def one_number_for_the_whole_item(work):
    """The item is moved as a whole: noise has a number of its own for each value."""

    class NoisyDataset(work.NoisyDataset):
        def __getitem__(self, index):
            item = self.base[index]
            return item + torch.tensor(self.std * self.rng.standard_normal(), dtype=item.dtype)

    return NoisyDataset


@misconception(exercise="noisy_dataset")
def evenly_distributed_noise(work):
    """The noise is spread evenly over an interval; it should be normally distributed."""

    class NoisyDataset(work.NoisyDataset):
        def __getitem__(self, index):
            item = self.base[index]
            return item + torch.tensor(self.rng.uniform(-self.std, self.std, item.shape), dtype=item.dtype)

    return NoisyDataset


@misconception(exercise="noisy_dataset")
def std_ignored(work):
    """The noise is always of standard deviation 1."""

    class NoisyDataset(work.NoisyDataset):
        def __init__(self, base, std, seed=0):
            super().__init__(base, 1.0, seed)

    return NoisyDataset


@misconception(exercise="noisy_dataset")
def std_taken_for_the_variance(work):
    """The noise has `std` as its variance: the factor of a standard normal draw is the standard deviation itself."""

    class NoisyDataset(work.NoisyDataset):
        def __init__(self, base, std, seed=0):
            super().__init__(base, math.sqrt(std), seed)

    return NoisyDataset


@misconception(exercise="noisy_dataset")
def float64_items(work):
    """NumPy's noise is float64 and turns the item into float64 as well: convert the noise to the item's dtype first."""

    class NoisyDataset(work.NoisyDataset):
        def __getitem__(self, index):
            item = self.base[index]
            return item + self.std * torch.from_numpy(self.rng.standard_normal(tuple(item.shape)))

    return NoisyDataset


@misconception(exercise="noisy_dataset")
def base_changed(work):
    """The noise stays in the base and grows with each epoch: `+=` changes the item that the base keeps."""

    class NoisyDataset(work.NoisyDataset):
        def __getitem__(self, index):
            item = self.base[index]
            item += torch.from_numpy(self.std * self.rng.standard_normal(tuple(item.shape))).to(item.dtype)
            return item.clone()

    return NoisyDataset


@misconception(exercise="noisy_dataset")
def lambda_in_the_dataset(work):
    """The dataset holds a lambda, which cannot be pickled: on macOS and Windows no worker would start."""

    class NoisyDataset(work.NoisyDataset):
        def __init__(self, base, std, seed=0):
            super().__init__(base, std, seed)
            self.scale = lambda noise: std * noise

    return NoisyDataset


@misconception(exercise="noisy_dataset")
def noise_drawn_in_advance(work):
    """An item has the same noise at every read: it was drawn once, when the dataset was made."""

    class NoisyDataset(work.NoisyDataset):
        def __init__(self, base, std, seed=0):
            super().__init__(base, std, seed)
            self.noisy = [super(NoisyDataset, self).__getitem__(i) for i in range(len(base))]

        def __getitem__(self, index):
            return self.noisy[index].clone()

    return NoisyDataset
