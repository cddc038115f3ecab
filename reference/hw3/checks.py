"""What the grader observes of hw3: files, datasets, transforms, loaders and samplers."""

from __future__ import annotations

import gzip
import itertools
import pickle
import weakref

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import DataLoader, Dataset, default_collate

from grader.authoring import at_least, at_most, check, close, exact, raises, random_state, temporary_folder

DIGITS = "data/MNIST/raw"
CPU = ("cpu",)  # what is read, changed and batched before it reaches a model is on the CPU, also where there is a GPU

# Fixtures ----------------------------------------------------------------------------------------------------------


def idx_bytes(array, type_code=8):
    """A uint8 array as the bytes of an IDX file."""
    sizes = b"".join(int(size).to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, type_code, array.ndim]) + sizes + np.ascontiguousarray(array).tobytes()


def write_idx(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(idx_bytes(array))
    return path


def pixels(rng, *shape):
    return rng.integers(0, 256, *shape, dtype=torch.uint8).cpu().numpy()


def write_split(folder, rng, split, count, labels=True, classes=tuple(range(10))):
    """Write `count` images of 20x28 pixels, and labels too, for "train" or "t10k"."""
    images = pixels(rng, count, 20, 28)
    images[:, 0, 0], images[:, 0, 1] = 0, 255
    write_idx(folder / f"{split}-images-idx3-ubyte", images)
    if labels:
        chosen = np.array([classes[i % len(classes)] for i in rng.permutation(count)], np.uint8)
        write_idx(folder / f"{split}-labels-idx1-ubyte", chosen)


def shipped_images(count):
    """The first training images of the digits beside the notebook, uint8 (count, 28, 28)."""
    from torchvision.datasets.mnist import read_image_file

    return read_image_file(f"{DIGITS}/train-images-idx3-ubyte")[:count]


class Items(Dataset):
    """A list as a dataset, so that nobody mistakes it for a batch."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


def numbered(count, images=None):
    """A dataset of (image, number) pairs; the numbers tell which items a loader gave."""
    images = torch.zeros(count, 1) if images is None else images
    return Items([(images[i], i) for i in range(count)])


def epoch(loader):
    """The numbers of a `numbered` dataset in the order in which a loader gives them."""
    return [int(number) for _, numbers in loader for number in numbers]


def values(loader):
    """The images of a `numbered` dataset, each a single number, as a loader gives them, sorted."""
    return sorted(float(image) for images, _ in loader for image in images)


def agreement(first, second):
    """In how many places two lists of numbers agree."""
    return sum(int(a) == int(b) for a, b in zip(first, second, strict=False))


def moved(before):
    """Names of the global random streams that somebody drew from since `before`."""
    after = random_state()
    return [name for name in before if before[name] != after[name]]


# 3.1 ---------------------------------------------------------------------------------------------------------------


@check(exercise="read_idx", points=4, devices=CPU)
def images_of_any_size(work, rng):
    """An image file is read with the number of images, rows and columns that its header states."""
    with temporary_folder() as folder:
        array = work.read_idx(write_idx(folder / "images", pixels(rng, 300, 20, 28)))
    return {
        "shape": tuple(array.shape),
        "the first image": array[0],
        "the last image": array[-1],
        "dtype": str(array.dtype),
    }


@check(exercise="read_idx", points=1.2, devices=CPU)
def the_shipped_digits(work, rng):
    """The real digits beside the notebook are read."""
    images = work.read_idx(f"{DIGITS}/train-images-idx3-ubyte")
    labels = work.read_idx(f"{DIGITS}/t10k-labels-idx1-ubyte")
    return {
        "shape of the images": tuple(images.shape),
        "the second image": images[1],
        "shape of the labels": tuple(labels.shape),
        "the first labels": labels[:12],
    }


@check(exercise="read_idx", points=2, devices=CPU, visibility="hidden")
def any_number_of_dimensions(work, rng):
    """Files of one, two and four dimensions are read, not only stacks of grey images."""
    shapes = {"labels": (261,), "a table": (7, 300), "colour images": (2, 3, 5, 4), "no images": (0, 5, 4)}
    with temporary_folder() as folder:
        files = {name: write_idx(folder / name, pixels(rng, *shape)) for name, shape in shapes.items()}
        return {name: work.read_idx(str(file)) for name, file in files.items()}


@check(exercise="read_idx", points=1, devices=CPU, needs=("images_of_any_size",))
def refuses_a_truncated_file(work, rng):
    """A file that lacks its last bytes is refused with a ValueError."""
    whole = idx_bytes(pixels(rng, 9, 5, 4))
    with temporary_folder() as folder:
        (folder / "cut").write_bytes(whole[:-20])
        return {"20 bytes are missing": raises(lambda: work.read_idx(folder / "cut"), ValueError)}


@check(exercise="read_idx", points=2, devices=CPU, visibility="hidden", needs=("images_of_any_size",))
def refuses_other_files(work, rng):
    """Files with a wrong beginning, another type of values or a wrong length are refused with a ValueError."""
    array = pixels(rng, 8, 6, 4)
    whole = idx_bytes(array)
    files = {
        "a compressed file": gzip.compress(whole, mtime=0),
        "two bytes that should be zero": b"\x07\x01" + whole[2:],
        "int8 values": idx_bytes(array, type_code=9),
        "int32 values": idx_bytes(array.astype(">i4"), type_code=12),
        "one image too many": whole + bytes(24),
        "cut within the header": whole[:9],
        "cut within the first four bytes": whole[:3],
    }
    with temporary_folder() as folder:
        found = {}
        for name, content in files.items():
            (folder / "file").write_bytes(content)
            found[name] = raises(lambda: work.read_idx(folder / "file"), ValueError)
        (folder / "file").write_bytes(whole)
        return found | {"the file as it should be": work.read_idx(folder / "file")}


@check(exercise="read_idx", points=1.8, devices=CPU, visibility="hidden", needs=("images_of_any_size",))
def the_array_is_writable(work, rng):
    """The array owns its memory: it can be changed, and the next read is not affected."""
    with temporary_folder() as folder:
        file = write_idx(folder / "images", pixels(rng, 4, 5, 3))
        array = work.read_idx(file)
        array[0] = 7
        return {"after setting the first image to 7": array, "read again": work.read_idx(file)}


# 3.2 ---------------------------------------------------------------------------------------------------------------


@check(exercise="my_mnist_dataset", points=4, devices=CPU)
def items_of_the_training_files(work, rng):
    """A training item is a float32 image (1, H, W) in [0, 1] and an int64 label without dimensions."""
    with temporary_folder() as folder:
        write_split(folder, rng, "train", 300)
        write_split(folder, rng, "t10k", 11)
        dataset = work.MyMNISTDataset(folder)
        first, last = dataset[0], dataset[299]
    return {
        "number of items": len(dataset),
        "kind of item": type(first).__name__,
        "the first image": first[0],
        "the first label": first[1],
        "the last image": last[0],
        "the last label": last[1],
    }


@check(exercise="my_mnist_dataset", points=1.8, devices=CPU)
def the_shipped_digits_as_items(work, rng):
    """The real digits beside the notebook are items, in both splits."""
    train, test = work.MyMNISTDataset(DIGITS), work.MyMNISTDataset(DIGITS, train=False)
    image, label = train[6]
    return {
        "training items": len(train),
        "the seventh digit": image,
        "its label": label,
        "test items": len(test),
        "a test item": test[359],
    }


@check(exercise="my_mnist_dataset", points=3, devices=CPU, visibility="hidden")
def a_test_set_without_labels(work, rng):
    """A test set needs no label file, gives images alone, and is chosen by the argument and not by the folder."""
    with temporary_folder() as folder:
        deep = folder / "train" / "of" / "t10k" / "train-images"
        write_split(deep, rng, "train", 23)
        write_split(deep, rng, "t10k", 17, labels=False)
        made = []
        error = raises(lambda: made.append(work.MyMNISTDataset(str(deep), train=False)))
        if not made:
            return {"making a test set where there is no label file": error}
        test, train = made[0], work.MyMNISTDataset(str(deep), train=True)
        item = test[16]
    return {
        "making a test set where there is no label file": error,
        "number of test items": len(test),
        "number of training items": len(train),
        "a test item": item,
        "kind of a training item": type(train[0]).__name__,
    }


@check(exercise="my_mnist_dataset", points=2, devices=CPU, visibility="hidden")
def the_transform_gets_the_raw_image(work, rng):
    """The transform is called once per read, with the stored uint8 image, and what it returns is the item's image."""
    seen, corners = [], []

    def transform(image):
        seen.append(
            (type(image).__name__, str(image.dtype), tuple(image.shape), np.array(image).sum(dtype=np.float64).item())
        )
        corners.append(np.array(image)[::19, ::9].tolist())
        return f"transformed {len(seen)}"

    with temporary_folder() as folder:
        write_split(folder, rng, "train", 12)
        write_split(folder, rng, "t10k", 5)
        train = work.MyMNISTDataset(folder, transform)
        test = work.MyMNISTDataset(folder, transform=transform, train=False)
        before = len(seen)
        items = {
            "image of a training item": train[3][0],
            "a test item": test[4],
            "the training item again": train[3][0],
        }
    return items | {
        "calls before anything was read": before,
        "what the transform was called with": seen,
        "some of its pixels": corners,
    }


@check(
    exercise="my_mnist_dataset", points=2.5, devices=CPU, visibility="hidden", needs=("items_of_the_training_files",)
)
def reading_changes_nothing(work, rng):
    """The same index gives the same item, however often and in whatever order items are read."""
    with temporary_folder() as folder:
        write_split(folder, rng, "train", 6)
        write_split(folder, rng, "t10k", 4)
        train, test = work.MyMNISTDataset(folder), work.MyMNISTDataset(folder, train=False)
        first = train[2][0].clone()
        train[2][0].zero_()
        test[1].zero_()
        return {
            "first time": first,
            "second time, after the first was set to zero": train[2][0],
            "third time": train[2][0],
            "a test image, after it was set to zero": test[1],
        }


@check(exercise="my_mnist_dataset", points=1, devices=CPU, visibility="hidden", needs=("items_of_the_training_files",))
def items_can_be_stacked(work, rng):
    """The default collate function makes batches of the items."""
    with temporary_folder() as folder:
        write_split(folder, rng, "train", 7)
        write_split(folder, rng, "t10k", 5)
        train, test = work.MyMNISTDataset(folder), work.MyMNISTDataset(folder, train=False)
        images, labels = default_collate([train[i] for i in range(3)])
        return {"batch of images": images, "batch of labels": labels, "test batch": default_collate([test[1], test[0]])}


@check(
    exercise="my_mnist_dataset", points=1.7, devices=CPU, visibility="hidden", needs=("items_of_the_training_files",)
)
def a_loop_over_the_items_ends(work, rng):
    """A `for` loop over the dataset ends after the last item, because there is an IndexError."""
    with temporary_folder() as folder:
        write_split(folder, rng, "train", 9)
        write_split(folder, rng, "t10k", 5)
        train, test = work.MyMNISTDataset(folder), work.MyMNISTDataset(folder, train=False)
        return {
            "items in a loop, stopped after 40": sum(1 for _ in itertools.islice(iter(train), 40)),
            "test items in a loop, stopped after 40": sum(1 for _ in itertools.islice(iter(test), 40)),
            "index 9 of 9 items": raises(lambda: train[9], IndexError),
            "index 8 of 9 items": train[8][0],
        }


@check(exercise="my_mnist_dataset", points=2, devices=CPU)
def five_lines_of_repr(work, rng):
    """The dataset prints as the five lines in the text; its classes are the ten digits even if some do not occur."""
    with temporary_folder() as folder:
        write_split(folder / "digits", rng, "train", 13, classes=(3, 7))
        write_split(folder / "digits", rng, "t10k", 4)
        train = work.MyMNISTDataset(folder / "digits")
        test = work.MyMNISTDataset(folder / "digits", train=False)
        shown = {"a training set": repr(train), "a test set": repr(test)}
        lines = {name: text.replace(str(folder), "folder").replace("\\", "/") for name, text in shown.items()}
    return lines | {"classes": list(train.classes), "classes of a test set": list(test.classes)}


# 3.3 ---------------------------------------------------------------------------------------------------------------


@check(exercise="transforms", points=2, devices=CPU)
def bytes_become_numbers_up_to_one(work, rng):
    """ToFloatTensor divides uint8 images by 255 and puts the channels first."""
    dim = pixels(rng, 20, 28) // 3
    return {
        "a grey image": work.ToFloatTensor()(dim),
        "a colour image": work.ToFloatTensor()(pixels(rng, 5, 7, 3)),
    }


@check(exercise="transforms", points=1.5, devices=CPU, visibility="hidden")
def float_images_keep_their_values(work, rng):
    """ToFloatTensor makes float32 of float images and does not scale them."""
    image = rng.uniform(6, 4, high=3.0).cpu().numpy()
    return {
        "float32": work.ToFloatTensor()(image.astype(np.float32)),
        "float64": work.ToFloatTensor()(image.astype(np.float64)),
        "float64 with two channels": work.ToFloatTensor()(rng.uniform(4, 3, 2).cpu().numpy().astype(np.float64)),
    }


@check(exercise="transforms", points=1.5, devices=CPU)
def normalize_each_channel(work, rng):
    """Normalize uses each channel's own mean and standard deviation."""
    mean, std = [0.1, 0.4, -0.3], [0.5, 0.25, 2.0]
    return {
        "three channels": work.Normalize(mean, std)(rng.uniform(3, 5, 4)),
        "one channel": work.Normalize([0.13], [0.31])(rng.uniform(1, 4, 6)),
        "float64": work.Normalize(mean[:2], std[:2])(rng.uniform(2, 3, 4, dtype=torch.float64)),
        "float16": work.Normalize(mean[1:], std[1:])(rng.uniform(2, 4, 3, dtype=torch.float16)),
    }


@check(exercise="transforms", points=2, devices=CPU)
def shifted_digits(work, rng):
    """RandomShift moves a digit by the numbers that its generator gives, and fills with zeros."""
    digit = shipped_images(5)[rng.integer(0, 5)][None] / 255.0
    shift = work.RandomShift(9, rng.generator())
    return {"the first shift": shift(digit), "the second shift": shift(digit), "the third shift": shift(digit)}


@check(exercise="transforms", points=0.7, devices=CPU, visibility="hidden")
def compose_in_order(work, rng):
    """Compose applies its transforms from first to last."""
    x = rng.normal(2, 3)
    steps = [lambda v: v + 1.5, lambda v: v * 2, lambda v: v - 4]
    return {
        "plus 1.5, times 2, minus 4": work.Compose(steps)(x),
        "minus 4, plus 1.5": work.Compose([steps[2], steps[0]])(x),
        "no transform": work.Compose([])(x),
        "no transform, of an array": work.Compose([])(pixels(rng, 3, 4)),
    }


@check(
    exercise="transforms",
    points=2,
    devices=CPU,
    visibility="hidden",
    needs=("bytes_become_numbers_up_to_one", "normalize_each_channel", "shifted_digits"),
)
def inputs_stay_as_they_were(work, rng):
    """No transform changes its input, and ToFloatTensor shares no memory with the array."""
    array = rng.uniform(4, 5, low=0.1, dtype=torch.float32).cpu().numpy()
    pale = pixels(rng, 4, 5)
    image, second = rng.uniform(2, 4, 3), rng.uniform(1, 6, 5)
    work.ToFloatTensor()(array).zero_()
    work.ToFloatTensor()(pale).zero_()
    work.Normalize([0.5, 0.1], [0.2, 2.0])(image)
    shift = work.RandomShift(2, rng.generator())
    for _ in range(4):
        shift(second).add_(1)
    return {
        "a float array, after its tensor was set to zero": array,
        "a uint8 array, after its tensor was set to zero": pale,
        "the image that was normalised": image,
        "the image that was shifted": second,
    }


@check(exercise="transforms", points=1, devices=CPU, visibility="hidden", needs=("shifted_digits",))
def only_the_given_generator(work, rng):
    """RandomShift leaves the global random streams alone; an equal generator gives equal shifts."""
    image, seed = rng.uniform(1, 9, 7), rng.integer(0, 10_000)
    generators = [torch.Generator().manual_seed(seed) for _ in range(2)]
    before = random_state()
    runs = [[work.RandomShift(3, generator)(image) for _ in range(3)] for generator in generators]
    return {
        "first run": runs[0],
        "second run": runs[1],
        "global random streams that moved": moved(before),
        "the generator's next number": torch.rand(1, generator=generators[0], dtype=torch.float64),
    }


@check(exercise="transforms", points=1.3, devices=CPU, visibility="hidden", needs=("shifted_digits",))
def shifts_to_the_limit(work, rng):
    """RandomShift reaches its limits, may push the whole image out of the frame, and may stand still."""
    small, dots = rng.uniform(2, 3, 4, low=0.5), rng.uniform(1, 5, 4, low=0.5)
    far, near = work.RandomShift(6, rng.generator()), work.RandomShift(1, rng.generator())
    return {
        "up to 6 pixels, image of 3x4": [far(small) for _ in range(8)],
        "up to 1 pixel": [near(dots) for _ in range(40)],
        "no shift": work.RandomShift(0, rng.generator())(dots),
    }


# 3.4 ---------------------------------------------------------------------------------------------------------------

STATS = close(rtol=1e-6, atol=1e-6)


def stats(work, dataset, batch_size):
    mean, std = work.channel_stats(dataset, batch_size)
    return {"mean": mean, "std": std}


@check(exercise="channel_stats", points=4, devices=CPU, compare=STATS)
def two_channels_and_a_rest(work, rng):
    """Mean and standard deviation of each channel, when the last batch is smaller and unlike the others."""
    images = rng.uniform(17, 2, 5, 3)
    images[:, 1] *= 3
    images[5:10] += 2
    images[15:] += 20
    return stats(work, Items([(image, i % 4) for i, image in enumerate(images)]), 5)


@check(exercise="channel_stats", points=0.5, devices=CPU, compare=STATS)
def stats_of_the_shipped_digits(work, rng):
    """Mean and standard deviation of real digits."""
    return stats(work, Items([(image[None] / 255.0, 0) for image in shipped_images(130)]), 50)


@check(exercise="channel_stats", points=2, devices=CPU, visibility="hidden", compare=STATS)
def bytes_without_labels(work, rng):
    """A dataset that gives uint8 images alone; its values are taken as they are."""
    images = rng.integers(0, 256, 11, 3, 6, 4, dtype=torch.uint8)
    images[:, 2] //= 4
    return stats(work, Items(list(images)), 4)


@check(
    exercise="channel_stats",
    points=1.5,
    devices=CPU,
    visibility="hidden",
    compare=STATS,
    needs=("two_channels_and_a_rest",),
)
def small_spread_around_a_large_mean(work, rng):
    """Sums in float64 keep the digits of a small spread around a large mean."""
    images = rng.normal(50, 3, 8, 9, mean=700.0, std=0.3)
    return stats(work, Items([(image, 1) for image in images]), 7)


@check(
    exercise="channel_stats",
    points=1.5,
    devices=CPU,
    visibility="hidden",
    compare={
        "images in the largest tensor": at_most(6),
        "most items alive": at_most(12),
        "mean": STATS,
        "std": STATS,
    },
    needs=("two_channels_and_a_rest",),
)
def holds_one_batch_at_a_time(work, rng):
    """The dataset is streamed: no tensor of all images is made, and items of past batches are let go."""
    images = rng.uniform(62, 3, 4, 5)
    alive, most = [], 0

    class Watched(Dataset):
        def __len__(self):
            return len(images)

        def __getitem__(self, index):
            nonlocal most
            image = images[index].clone()
            alive.append(weakref.ref(image))
            most = max(most, sum(ref() is not None for ref in alive))
            return image, 0

    class Largest(TorchDispatchMode):
        numel = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            result = func(*args, **(kwargs or {}))
            if isinstance(result, torch.Tensor) and func.name() != "aten::detach":
                Largest.numel = max(Largest.numel, result.numel())
            return result

    watched = Watched()
    with Largest():
        found = stats(work, watched, 6)
    return found | {
        "images in the largest tensor": Largest.numel / images[0].numel(),
        "most items alive": most,
    }


@check(
    exercise="channel_stats",
    points=0.5,
    devices=CPU,
    visibility="hidden",
    compare=STATS,
    needs=("two_channels_and_a_rest",),
)
def one_value_everywhere(work, rng):
    """Channels with one value everywhere have no spread, and one image in a large batch is enough."""
    # For some of so many values the mean of the squares is rounded to less than the square of the mean.
    greys = (torch.arange(1, 31, dtype=torch.float64) / 10)[:, None, None].expand(30, 3, 4)
    image = torch.cat([greys, rng.uniform(3, 3, 4, dtype=torch.float64).cpu()])
    return stats(work, Items([(image, 3)]), 8)


# 3.5 ---------------------------------------------------------------------------------------------------------------


def shelf(count, log, images=None):
    """A dataset class like that of 3.2, with numbered items, that logs which files it was asked for.

    Item i of the training files is (transform(image i), i); without a transform, images are "converted".
    """
    images = torch.arange(count).to(torch.get_default_dtype()) if images is None else images

    class Shelf(Dataset):
        def __init__(self, path, transform=None, train=True):
            log.append(f"{path}, train={bool(train)}")
            self.transform, self.train = transform, train

        def __len__(self):
            return count if self.train else count // 2

        def __getitem__(self, index):
            if not 0 <= index < len(self):
                raise IndexError(index)
            image = images[index]
            return (image + 0.5 if self.transform is None else self.transform(image)), index + (
                0 if self.train else 1000
            )

    return Shelf


def numbers(dataset):
    return [int(dataset[i][1]) for i in range(len(dataset))]


def contents(*datasets):
    """The images of all items, each a single number, sorted: whatever part they are in."""
    return sorted(float(dataset[i][0]) for dataset in datasets for i in range(len(dataset)))


def as_is(image):
    return image


@check(exercise="split_with_transforms", points=3, devices=CPU)
def every_item_in_one_part(work, rng):
    """The parts have the right sizes, and every item is in exactly one of them."""
    found = {}
    for count, fraction in ((40, 0.25), (39, 0.3)):
        log = []
        train, val = work.split_with_transforms(shelf(count, log), "digits", fraction, 3, as_is, as_is)
        found[f"{fraction} of {count} items"] = {
            "training items": len(train),
            "validation items": len(val),
            "numbers of all items, sorted": sorted(numbers(train) + numbers(val)),
            "files": sorted(set(log)),
        }
    return found


@check(exercise="split_with_transforms", points=2, devices=CPU, visibility="hidden")
def a_transform_for_each_part(work, rng):
    """Training items pass through the training transform, validation items through the other, each once."""
    images = shipped_images(30).to(torch.get_default_dtype())[:, 8:20, 8:20]
    first, second = (rng.integers(1, 1000, 12, 12).cpu() for _ in range(2))
    cls = shelf(30, [], images)
    train, val = work.split_with_transforms(
        cls, "x", 0.4, rng.integer(0, 99), lambda x: x + first, lambda x: x + second
    )
    added = {"training items": [], "validation items": []}
    for name, part in (("training items", train), ("validation items", val), ("training items", train)):
        for image, number in (part[i] for i in range(len(part))):
            added[name].append((image - images[int(number) % 1000]).round())
    return {f"what was added to {name}": torch.stack(values).unique(dim=0) for name, values in added.items()}


@check(
    exercise="split_with_transforms",
    points=1.5,
    devices=CPU,
    visibility="hidden",
    compare={
        "validation items that two seeds share": at_most(19),
        "most validation items out of one third of the file": at_most(18),
    },
    needs=("every_item_in_one_part",),
)
def the_seed_decides(work, rng):
    """The same seed makes the same parts, another seed makes others, and items are drawn from the whole file."""
    seed, other, images = rng.integer(0, 5_000), rng.integer(5_000, 10_000), rng.uniform(60)
    held = []

    def parts(seed, disturbance):
        torch.manual_seed(disturbance)
        split = work.split_with_transforms(shelf(60, [], images), "x", 1 / 3, seed, as_is, as_is)
        held.append(contents(*split))
        return [sorted(numbers(part)) for part in split]

    (train, val), (train_again, val_again), (_, val_other) = parts(seed, 1), parts(seed, 2), parts(other, 1)
    return {
        "training items that the same seed gives again": len(set(train) & set(train_again)),
        "validation items that the same seed gives again": len(set(val) & set(val_again)),
        "validation items that two seeds share": len(set(val) & set(val_other)),
        "most validation items out of one third of the file": max(
            len([n for n in val if start <= n < start + 20]) for start in (0, 20, 40)
        ),
        "what both parts hold": held,
    }


@check(exercise="split_with_transforms", points=1, devices=CPU, visibility="hidden", needs=("every_item_in_one_part",))
def splitting_leaves_global_streams_alone(work, rng):
    """Splitting draws from no global random stream."""
    images, before = rng.uniform(20), random_state()
    parts = work.split_with_transforms(shelf(20, [], images), "x", 0.5, 11, as_is, as_is)
    return {"global random streams that moved": moved(before), "what both parts hold": contents(*parts)}


@check(
    exercise="split_with_transforms", points=0.5, devices=CPU, visibility="hidden", needs=("every_item_in_one_part",)
)
def nothing_for_validation(work, rng):
    """A fraction of 0 leaves all items to training, and a fraction of 1 none."""
    found = {}
    for fraction in (0.0, 1.0):
        train, val = work.split_with_transforms(shelf(12, [], rng.uniform(12)), "x", fraction, 5, as_is, as_is)
        found[f"fraction {fraction:g}"] = {
            "training": sorted(numbers(train)),
            "validation": sorted(numbers(val)),
            "what both parts hold": contents(train, val),
        }
    return found


# 3.6 ---------------------------------------------------------------------------------------------------------------


@check(exercise="make_loaders", points=4, devices=CPU)
def batches_of_both_loaders(work, rng):
    """Both loaders give every item once, in batches of the asked size and one smaller batch at the end."""
    digits = shipped_images(37)[:, None, ::2, ::2]
    train, test = work.make_loaders(numbered(37), numbered(37, digits), 8, 1)
    images, _ = next(iter(test))
    return {
        "sizes of the training batches": [len(n) for _, n in train],
        "training items, sorted": sorted(epoch(train)),
        "sizes of the test batches": [len(n) for _, n in test],
        "test items in order": epoch(test),
        "the first test batch": images[:3],
    }


@check(
    exercise="make_loaders",
    points=2,
    devices=CPU,
    visibility="hidden",
    compare={"items in the same place in two epochs": at_most(15), "items in their place in the dataset": at_most(15)},
    needs=("batches_of_both_loaders",),
)
def a_new_order_each_epoch(work, rng):
    """Training goes through the items in another order each epoch, testing always in the same."""
    images = rng.uniform(53, 1)
    train, test = work.make_loaders(numbered(53, images), numbered(31), 6, rng.integer(0, 1_000))
    first, second = epoch(train), epoch(train)
    return {
        "items in the same place in two epochs": agreement(first, second),
        "items in their place in the dataset": agreement(first, range(53)),
        "test items, first epoch": epoch(test),
        "test items, second epoch": epoch(test),
        "what the third epoch of training holds": values(train),
    }


@check(
    exercise="make_loaders",
    points=1.5,
    devices=CPU,
    visibility="hidden",
    compare={"items in the same place with another seed": at_most(15)},
    needs=("batches_of_both_loaders",),
)
def the_seed_repeats_the_orders(work, rng):
    """Loaders made with the same seed repeat the orders of both epochs; another seed gives others."""
    seed, images = rng.integer(0, 1_000), rng.uniform(41, 1)
    held = []

    def two_epochs(seed, disturbance):
        train, test = work.make_loaders(numbered(41, images), numbered(5, images), 7, seed)
        torch.manual_seed(disturbance)
        held.append(values(test))
        return epoch(train), epoch(train)

    first, again, other = two_epochs(seed, 1), two_epochs(seed, 2), two_epochs(seed + 1, 1)
    return {
        "items in the same place, first epoch": agreement(first[0], again[0]),
        "items in the same place, second epoch": agreement(first[1], again[1]),
        "items in the same place with another seed": agreement(first[0], other[0]),
        "what the tests hold": held,
    }


@check(exercise="make_loaders", points=1.5, devices=CPU, visibility="hidden", needs=("batches_of_both_loaders",))
def loaders_leave_global_streams_alone(work, rng):
    """Neither making nor reading the loaders draws from a global random stream."""
    images, start = rng.uniform(13, 1), random_state()
    train, test = work.make_loaders(numbered(13, images), numbered(11, images), 4, 7)
    made, before_train = moved(start), random_state()
    held = [values(train)]
    trained, before_test = moved(before_train), random_state()
    held.append(values(test))
    return {
        "moved by making them": made,
        "moved by training": trained,
        "moved by testing": moved(before_test),
        "what they hold": held,
    }


@check(exercise="make_loaders", points=1, devices=CPU, visibility="hidden", needs=("a_new_order_each_epoch",))
def testing_in_between_changes_nothing(work, rng):
    """The orders of training are the same whether or not the test loader is read between two epochs."""
    seed, images, held = rng.integer(0, 1_000), rng.uniform(9, 1), []

    def second_epoch(tests):
        torch.manual_seed(0)
        train, test = work.make_loaders(numbered(45), numbered(9, images), 4, seed)
        epoch(train)
        held.extend(values(test) for _ in range(tests))
        return epoch(train)

    same = agreement(second_epoch(0), second_epoch(2))
    return {"items in the same place in the second epoch": same, "what the tests hold": held}


# 3.7 ---------------------------------------------------------------------------------------------------------------


def sequences(rng, lengths, **kwargs):
    return [(rng.integers(1, 100, length, **kwargs), 10 + i) for i, length in enumerate(lengths)]


def collated(work, batch, **kwargs):
    X, y, lengths = work.pad_collate(batch, **kwargs)
    return {"X": X, "y": y, "lengths": lengths}


@check(exercise="pad_collate", points=3, devices=CPU)
def values_first_then_padding(work, rng):
    """Rows hold the values and then zeros, as wide as the longest sequence; labels and lengths keep the order."""
    return collated(work, sequences(rng, (3, 6, 2, 5)))


@check(exercise="pad_collate", points=2, devices=CPU, visibility="hidden")
def any_dtype_and_pad_value(work, rng):
    """X has the dtype of the sequences and is filled with the asked value."""
    floats = [(rng.normal(length), label) for length, label in ((4, 0), (1, 3), (7, 1))]
    halves = [(rng.normal(length).to(torch.float64), label) for length, label in ((2, 5), (3, 5))]
    return {
        "floats padded with -1.5": collated(work, floats, pad_value=-1.5),
        "float64 padded with zeros": collated(work, halves),
        "int64 padded with -1": collated(work, sequences(rng, (2, 9)), pad_value=-1),
        "uint8 padded with 255": collated(work, sequences(rng, (3, 1, 2), dtype=torch.uint8), pad_value=255),
    }


@check(exercise="pad_collate", points=1.5, devices=CPU, visibility="hidden", needs=("values_first_then_padding",))
def the_batch_stays_as_it_was(work, rng):
    """The list, its order and its tensors are the same after collating, and X is a tensor of its own."""
    batch = sequences(rng, (24, 24, 1, 13)) + sequences(rng, (24,))
    X, _, _ = work.pad_collate(batch, pad_value=7)
    single = sequences(rng, (14,))
    X_single, _, _ = work.pad_collate(single)
    X.fill_(0)
    X_single.fill_(0)
    return {
        "labels in the list": [label for _, label in batch],
        "sequences in the list, after X was set to zero": [sequence for sequence, _ in batch],
        "the only sequence of another batch, after its X was set to zero": [sequence for sequence, _ in single],
    }


@check(exercise="pad_collate", points=1.5, devices=CPU, visibility="hidden", needs=("values_first_then_padding",))
def one_sequence_or_an_empty_one(work, rng):
    """A batch of one and a sequence of length 0 are collated too, in a loader as well."""
    items = Items(sequences(rng, (12, 0, 25)))
    return {
        "a batch of one": collated(work, sequences(rng, (23,))),
        "an empty sequence between two": collated(work, sequences(rng, (24, 0, 1)), pad_value=9),
        "from a loader": [list(batch) for batch in DataLoader(items, 2, collate_fn=work.pad_collate)],
    }


# 3.8 ---------------------------------------------------------------------------------------------------------------


CHANCES = close(rtol=1e-5)  # weights may have been computed in float32


def unbalanced(rng, **counts):
    """Labels in random order, `c3=5` five times the label 3."""
    labels = [int(name[1:]) for name, count in counts.items() for _ in range(count)]
    return [labels[i] for i in rng.permutation(len(labels))]


def shares(sampler):
    weights = torch.as_tensor(sampler.weights).to(torch.float64)
    return weights / weights.sum()


@check(exercise="balanced_sampler", points=3, devices=CPU, compare=CHANCES)
def one_weight_for_each_item(work, rng):
    """The chance of an item is in inverse proportion to how often its label occurs."""
    labels = unbalanced(rng, c0=12, c1=3, c2=6)
    return {"chance of each item": shares(work.balanced_sampler(torch.tensor(labels), rng.generator()))}


@check(exercise="balanced_sampler", points=1.2, devices=CPU)
def as_many_draws_as_items(work, rng):
    """The sampler draws as many items as there are, with replacement."""
    sampler = work.balanced_sampler(torch.tensor(unbalanced(rng, c0=9, c1=2)), rng.generator())
    return {
        "class": next(
            (c.__name__ for c in type(sampler).__mro__ if c.__name__ == "WeightedRandomSampler"), type(sampler).__name__
        ),
        "number of draws": int(sampler.num_samples),
        "with replacement": bool(sampler.replacement),
        "drawn": len(list(sampler)),
    }


@check(
    exercise="balanced_sampler",
    points=1.8,
    devices=CPU,
    visibility="hidden",
    compare={"chance of each item of the classes 3, 7 and 250": CHANCES, "one class": CHANCES},
)
def any_class_numbers(work, rng):
    """Class numbers may have gaps, labels may come as a list, and one class alone is fine."""
    labels = unbalanced(rng, c3=8, c7=1, c250=4)
    given = list(labels)
    sampler = work.balanced_sampler(given, rng.generator())
    return {
        "chance of each item of the classes 3, 7 and 250": shares(sampler),
        "the labels afterwards": given,
        "one class": shares(work.balanced_sampler(torch.full((5,), 4), rng.generator())),
    }


@check(
    exercise="balanced_sampler",
    points=1.2,
    devices=CPU,
    visibility="hidden",
    compare={"chance of each item": CHANCES},
    needs=("one_weight_for_each_item",),
)
def draws_from_the_generator(work, rng):
    """An equal generator repeats the draws, each epoch differs, and the global random streams stand still."""
    labels, seed = torch.tensor(unbalanced(rng, c0=70, c1=10, c2=40)), rng.integer(0, 1_000)
    samplers = [work.balanced_sampler(labels, torch.Generator().manual_seed(seed)) for _ in range(2)]
    before = random_state()
    first = [list(samplers[0]), list(samplers[0])]
    streams = moved(before)
    torch.manual_seed(seed + 1)
    second = [list(samplers[1]), list(samplers[1])]
    return {
        "draws in the same place, first epoch": agreement(first[0], second[0]),
        "draws in the same place, second epoch": agreement(first[1], second[1]),
        "global random streams that moved": streams,
        "chance of each item": shares(samplers[0]),
    }


@check(
    exercise="balanced_sampler",
    points=0.8,
    devices=CPU,
    visibility="hidden",
    compare={"share of the rarest class among the draws": at_least(0.25), "chance of each item": CHANCES},
    needs=("one_weight_for_each_item",),
)
def rare_classes_are_drawn_often(work, rng):
    """A class with 2 of 100 items is drawn about as often as the other two classes."""
    labels = torch.tensor(unbalanced(rng, c0=750, c1=16, c2=34))
    sampler = work.balanced_sampler(labels, rng.generator())
    drawn = labels[torch.tensor(list(sampler))]
    return {
        "share of the rarest class among the draws": int((drawn == 1).sum()) / len(labels),
        "chance of each item": shares(sampler),
    }


# 3.9 ---------------------------------------------------------------------------------------------------------------


def some_lengths(rng, count):
    return [int(n) for n in rng.integers(1, 60, count)]


def different_lengths(rng, count):
    """Lengths in random order, no two the same."""
    sizes = rng.integers(1, 20, count).cumsum(0)
    return [int(sizes[i]) for i in rng.permutation(count)]


def batches(sampler):
    """One epoch as plain lists; at most 200 batches of it."""
    return [[int(i) for i in batch] for batch in itertools.islice(iter(sampler), 200)]


def bucket_lengths(epoch_batches, lengths):
    """The lengths within each batch, sorted, and the batches sorted: the same for every right answer."""
    return sorted(sorted(lengths[i] for i in batch) for batch in epoch_batches)


@check(exercise="bucket_batch_sampler", points=3, devices=CPU)
def similar_lengths_together(work, rng):
    """Each batch holds items that are neighbours by length, and every item is in one batch."""
    lengths = some_lengths(rng, 43)
    found = batches(work.BucketBatchSampler(list(lengths), 8, False, rng.generator()))
    return {
        "all indices, sorted": sorted(i for batch in found for i in batch),
        "lengths within the batches": bucket_lengths(found, lengths),
    }


@check(exercise="bucket_batch_sampler", points=1.8, devices=CPU, visibility="hidden")
def the_last_smaller_batch(work, rng):
    """`drop_last` leaves out the batch of the longest items if it is smaller, and `len` counts the batches."""
    found = {}
    for count, size, drop in ((23, 5, False), (63, 4, True), (24, 6, True), (3, 4, True), (3, 4, False)):
        lengths = different_lengths(rng, count)
        samplers = [work.BucketBatchSampler(list(lengths), size, drop, rng.generator()) for _ in range(4)]
        found[f"{count} items, batches of {size}, drop_last={drop}"] = {
            "len": len(samplers[0]),
            "lengths within the batches": bucket_lengths(batches(samplers[0]), lengths),
            "len after an epoch": len(samplers[0]),
            "shortest item of each batch with other generators": [
                sorted(min(lengths[i] for i in batch) for batch in batches(sampler)) for sampler in samplers[1:]
            ],
        }
    return found


@check(
    exercise="bucket_batch_sampler",
    points=1.2,
    devices=CPU,
    visibility="hidden",
    compare={
        "first items in the same place in epochs 1 and 2": at_most(12),
        "first items in the same place in epochs 2 and 3": at_most(12),
        "batches in the order of lengths": at_most(12),
    },
    needs=("similar_lengths_together",),
)
def every_epoch_is_complete_and_new(work, rng):
    """Each epoch gives all items again, with the batches in another order."""
    lengths = different_lengths(rng, 121)
    sampler = work.BucketBatchSampler(list(lengths), 4, False, rng.generator())
    epochs = [batches(sampler) for _ in range(3)]
    shortest = [[min(lengths[i] for i in batch) for batch in e if batch] for e in epochs]
    return {
        "items in each of three epochs": [sum(len(batch) for batch in e) for e in epochs],
        "different items in each of three epochs": [len({i for batch in e for i in batch}) for e in epochs],
        "first items in the same place in epochs 1 and 2": agreement(shortest[0], shortest[1]),
        "first items in the same place in epochs 2 and 3": agreement(shortest[1], shortest[2]),
        "batches in the order of lengths": agreement(shortest[0], sorted(shortest[0])),
        "shortest item of each batch, sorted": [sorted(lengths) for lengths in shortest],
    }


@check(exercise="bucket_batch_sampler", points=1, devices=CPU, visibility="hidden", needs=("similar_lengths_together",))
def works_in_a_loader(work, rng):
    """A DataLoader takes it as batch sampler: every item arrives once, in batches of similar lengths."""
    lengths = some_lengths(rng, 26)
    dataset = Items([torch.tensor([i, length]) for i, length in enumerate(lengths)])
    loader = DataLoader(dataset, batch_sampler=work.BucketBatchSampler(list(lengths), 6, False, rng.generator()))
    arrived = list(loader)
    return {
        "number of batches": len(loader),
        "items, sorted": sorted(int(i) for batch in arrived for i in batch[:, 0]),
        "lengths within the batches": sorted(sorted(batch[:, 1].tolist()) for batch in arrived),
    }


@check(
    exercise="bucket_batch_sampler",
    points=1,
    devices=CPU,
    visibility="hidden",
    compare={"batches in the same place with another generator": at_most(12)},
    needs=("similar_lengths_together",),
)
def order_from_the_generator(work, rng):
    """An equal generator repeats the order, another does not, no global stream moves, and the lengths stay."""
    lengths, seed = [int(2 * n + 1) for n in rng.permutation(90)], rng.integer(0, 1_000)
    given, before = list(lengths), random_state()
    runs = []
    for each in (seed, seed, seed + 1):
        sampler = work.BucketBatchSampler(given, 3, False, torch.Generator().manual_seed(each))
        runs.append([[min(lengths[i] for i in batch) for batch in batches(sampler) if batch] for _ in range(2)])
    return {
        "batches in the same place, first epoch": agreement(runs[0][0], runs[1][0]),
        "batches in the same place, second epoch": agreement(runs[0][1], runs[1][1]),
        "batches in the same place with another generator": agreement(runs[0][0], runs[2][0]),
        "global random streams that moved": moved(before),
        "the lengths afterwards": [int(n) for n in given],
    }


# 3.10 --------------------------------------------------------------------------------------------------------------


def noise_of(loader):
    """All values that a loader over zeros gives in one epoch, as plain numbers."""
    return [value for batch in loader for value in batch.flatten().tolist()]


def noisy_loader(work, seed, workers=2):
    """A loader with workers over eight zeros; forked where possible, as a notebook's classes cannot be imported."""
    base = [torch.zeros(3, dtype=torch.float64) for _ in range(8)]
    fork = "fork" if "fork" in torch.multiprocessing.get_all_start_methods() else None
    return DataLoader(
        work.NoisyDataset(base, 0.5),
        batch_size=2,
        num_workers=workers,
        worker_init_fn=work.seed_worker,
        multiprocessing_context=fork,
        generator=torch.Generator().manual_seed(seed),
    )


@check(exercise="noisy_dataset", points=2, devices=CPU)
def noise_from_the_datasets_generator(work, rng):
    """An item is the base's item plus `std` times one draw from `rng`, in the item's dtype."""
    base = Items(list(rng.uniform(4, 2, 3)))
    dataset = work.NoisyDataset(base, 0.25, seed=rng.integer(0, 1_000))
    first = dataset[0]
    dataset.rng = np.random.default_rng(rng.integer(0, 1_000))
    doubles = work.NoisyDataset(Items([torch.ones(5, dtype=torch.float64), torch.ones(2, dtype=torch.float32)]), 2.0, 3)
    return {
        "number of items": len(dataset),
        "the first item": first,
        "with another rng": [dataset[3], dataset[1], dataset[1]],
        "a float64 item": doubles[0],
        "a float32 item": doubles[1],
        "with std 0": work.NoisyDataset(base, 0.0)[2],
        "with the seed that is used where none is given": work.NoisyDataset(base, 0.5)[1],
    }


@check(
    exercise="noisy_dataset",
    points=2.2,
    devices=CPU,
    visibility="hidden",
    needs=("noise_from_the_datasets_generator",),
    compare=exact,
)
def workers_and_epochs_differ(work, rng):
    """Two workers in two epochs never give the same noise."""
    loader = noisy_loader(work, rng.integer(0, 1_000))
    first, second = noise_of(loader), noise_of(loader)
    return {
        "different values in the first epoch, of 24": len(set(first)),
        "different values in both epochs, of 48": len(set(first) | set(second)),
    }


@check(
    exercise="noisy_dataset",
    points=1,
    devices=CPU,
    visibility="hidden",
    needs=("workers_and_epochs_differ",),
    compare=exact,
)
def the_loaders_seed_repeats_the_noise(work, rng):
    """A loader made again with the same generator seed gives the same noise, another seed gives other noise."""
    seed = rng.integer(0, 1_000)
    # One worker tells as much here, and starting one is the dearest part of the check.
    runs = [noise_of(noisy_loader(work, s, workers=1)) for s in (seed, seed, seed + 1)]
    return {
        "values that the same seed gives again, of 24": sum(a == b for a, b in zip(runs[0], runs[1], strict=True)),
        "values that another seed gives too": sum(a == b for a, b in zip(runs[0], runs[2], strict=True)),
    }


@check(
    exercise="noisy_dataset", points=0.8, devices=CPU, visibility="hidden", needs=("noise_from_the_datasets_generator",)
)
def base_and_streams_stay(work, rng):
    """The base's items stay as they were, no global random stream moves, and the dataset can be pickled."""
    base = list(rng.uniform(3, 4))
    dataset = work.NoisyDataset(base, 1.0)
    before = random_state()
    for i in range(3):
        dataset[i].zero_()
    return {
        "items of the base": base,
        "global random streams that moved": moved(before),
        "pickling what the dataset holds": raises(lambda: pickle.dumps(vars(dataset))),
    }
