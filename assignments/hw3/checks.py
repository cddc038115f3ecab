from __future__ import annotations

import itertools

import numpy as np
import torch

from torch.utils.data import Dataset

from grader.authoring import check, close, raises, temporary_folder

DIGITS = "data/MNIST/raw"
CPU = ("cpu",)  # what is read, changed and batched before it reaches a model is on the CPU, also where there is a GPU


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


@check(exercise="read_idx", points=1, devices=CPU, needs=("images_of_any_size",))
def refuses_a_truncated_file(work, rng):
    """A file that lacks its last bytes is refused with a ValueError."""
    whole = idx_bytes(pixels(rng, 9, 5, 4))
    with temporary_folder() as folder:
        (folder / "cut").write_bytes(whole[:-20])
        return {"20 bytes are missing": raises(lambda: work.read_idx(folder / "cut"), ValueError)}


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


@check(exercise="transforms", points=2, devices=CPU)
def bytes_become_numbers_up_to_one(work, rng):
    """ToFloatTensor divides uint8 images by 255 and puts the channels first."""
    dim = pixels(rng, 20, 28) // 3
    return {
        "a grey image": work.ToFloatTensor()(dim),
        "a colour image": work.ToFloatTensor()(pixels(rng, 5, 7, 3)),
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


def sequences(rng, lengths, **kwargs):
    return [(rng.integers(1, 100, length, **kwargs), 10 + i) for i, length in enumerate(lengths)]


def collated(work, batch, **kwargs):
    X, y, lengths = work.pad_collate(batch, **kwargs)
    return {"X": X, "y": y, "lengths": lengths}


@check(exercise="pad_collate", points=3, devices=CPU)
def values_first_then_padding(work, rng):
    """Rows hold the values and then zeros, as wide as the longest sequence; labels and lengths keep the order."""
    return collated(work, sequences(rng, (3, 6, 2, 5)))


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


def some_lengths(rng, count):
    return [int(n) for n in rng.integers(1, 60, count)]


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
