"""Different but right solutions of hw3: each must get full marks."""

from __future__ import annotations

import math
from collections import Counter
from functools import reduce
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    Subset,
    WeightedRandomSampler,
    default_collate,
    get_worker_info,
    random_split,
)
from torchvision.datasets.mnist import read_image_file, read_label_file

from grader.authoring import alternative

# 3.1 ---------------------------------------------------------------------------------------------------------------


@alternative(exercise="read_idx")
def header_with_numpy(work):
    """Reads the sizes with a big-endian NumPy type."""

    def read_idx(path):
        raw = np.fromfile(path, dtype=np.uint8)
        if len(raw) < 4 or raw[0] or raw[1] or raw[2] != 8:
            raise ValueError("bad magic number")
        shape = raw[4 : 4 + 4 * int(raw[3])].tobytes()
        if len(shape) != 4 * int(raw[3]):
            raise ValueError("no complete header")
        shape = np.frombuffer(shape, dtype=">u4").astype(np.int64)
        data = raw[4 + 4 * int(raw[3]) :]
        if data.size != shape.prod():
            raise ValueError("wrong length")
        return data.reshape(shape)

    return read_idx


@alternative(exercise="read_idx")
def file_read_step_by_step(work):
    """Reads magic number, sizes and values one after the other from the open file."""

    def read_idx(path):
        with Path(path).open("rb") as file:
            magic = int.from_bytes(file.read(4), "big")
            if magic >> 8 != 8 or magic & 255 == 0:
                raise ValueError(f"magic number {magic}")
            shape = []
            for _ in range(magic & 255):
                size = file.read(4)
                if len(size) < 4:
                    raise ValueError("header cut")
                shape.append(int.from_bytes(size, "big"))
            values = bytearray(file.read())
        if len(values) != math.prod(shape):
            raise ValueError(f"{len(values)} values for the shape {shape}")
        return np.frombuffer(values, dtype=np.uint8).reshape(*shape)

    return read_idx


@alternative(exercise="read_idx")
def reshape_finds_the_wrong_length(work):
    """Lets NumPy's own ValueError say that the length is wrong."""

    def read_idx(path):
        raw = Path(path).read_bytes()
        if not raw.startswith(b"\x00\x00\x08") or len(raw) == 3:
            raise ValueError("not an IDX file of uint8 values")
        sizes = np.ndarray((raw[3],), ">u4", raw[4:].ljust(4 * raw[3], b"\xff")[: 4 * raw[3]])
        return np.array(np.frombuffer(raw[4 + 4 * raw[3] :], np.uint8).reshape([int(n) for n in sizes]))

    return read_idx


# 3.2 ---------------------------------------------------------------------------------------------------------------

HEAD = "(PyTorch HomeWork) My Custom Dataset : MNIST"


@alternative(exercise="my_mnist_dataset")
def tensors_in_memory(work):
    """Keeps images and labels as tensors."""

    class MyMNISTDataset(Dataset):
        _repr_indent = 4
        classes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]

        def __init__(self, path, transform=None, train=True):
            names = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte") if train else ("t10k-images-idx3-ubyte",)
            self.paths = [f"{path}/{name}" for name in names]
            self.X = read_image_file(self.paths[0])
            self.y = read_label_file(self.paths[1]).long() if train else None
            self.transform = transform

        def __len__(self):
            return self.X.size(0)

        def __getitem__(self, i):
            if i >= len(self):
                raise IndexError("past the end")
            x = self.X[i]
            x = self.transform(x.numpy()) if self.transform else x.unsqueeze(0) / torch.tensor(255, dtype=torch.float32)
            return x if self.y is None else (x, self.y[i])

        def __repr__(self):
            label = self.paths[1] if self.y is not None else None
            body = [
                f"Data path: {self.paths[0]}",
                f"Label path: {label}",
                f"Number of datapoints: {len(self)}",
                f"Number of classes: {len(self.classes)}",
            ]
            return "\n".join([HEAD] + [" " * self._repr_indent + line for line in body])

    return MyMNISTDataset


@alternative(exercise="my_mnist_dataset")
def scaled_in_advance(work):
    """Scales all images once and gives copies; the label is made with torch.tensor."""

    class MyMNISTDataset(torch.utils.data.Dataset):
        _repr_indent = 4

        def __init__(self, path, transform=None, train=True):
            self.path = {"image": f"{path}/t10k-images-idx3-ubyte", "label": None}
            if train:
                self.path = {"image": f"{path}/train-images-idx3-ubyte", "label": f"{path}/train-labels-idx1-ubyte"}
            self.raw = work.load_images(self.path["image"])
            self.scaled = self.raw[:, np.newaxis].astype(np.float32) / 255.0
            self.labels = work.load_labels(self.path["label"]).tolist() if train else []
            self.train, self.transform = train, transform
            self.classes = list(range(10))

        def __len__(self):
            return self.raw.shape[0]

        def __getitem__(self, index):
            if self.transform is None:
                image = torch.tensor(self.scaled[index])
            else:
                image = self.transform(self.raw[index].copy())
            if not self.train:
                return image
            return image, torch.tensor(self.labels[index])

        def __repr__(self):
            space = self._repr_indent * " "
            return (
                f"{HEAD}\n{space}Data path: {self.path['image']}\n{space}Label path: {self.path['label']}\n"
                f"{space}Number of datapoints: {len(self)}\n{space}Number of classes: 10"
            )

    return MyMNISTDataset


@alternative(exercise="my_mnist_dataset")
def own_reader_and_default_transform(work):
    """Reads the files with read_idx and treats the default conversion as one more transform."""

    class MyMNISTDataset(work.MyMNISTDataset):
        def __init__(self, path, transform=None, train=True):
            super().__init__(path, transform, train)
            self.transform = transform or self.convert

        @staticmethod
        def convert(image):
            return torch.tensor(image[None], dtype=torch.float32).mul_(1 / 255)

        def __getitem__(self, index):
            image = self.transform(self.images[index])
            return image if self.labels is None else (image, torch.as_tensor(int(self.labels[index])))

    return MyMNISTDataset


# 3.3 ---------------------------------------------------------------------------------------------------------------


@alternative(exercise="transforms")
def with_numpy_and_slices(work):
    """Converts in NumPy, keeps the statistics as arrays, and shifts by copying the part that stays."""

    class ToFloatTensor:
        def __call__(self, image):
            scaled = image.astype(np.float32) / np.float32(255) if image.dtype == np.uint8 else image.astype(np.float32)
            return torch.from_numpy(np.array(np.atleast_3d(scaled).transpose(2, 0, 1)))

    class Normalize:
        def __init__(self, mean, std):
            self.mean = np.array(mean)[:, None, None]
            self.std = np.array(std)[:, None, None]

        def __call__(self, image):
            return image.sub(torch.from_numpy(self.mean).to(image)).div(torch.from_numpy(self.std).to(image))

    class RandomShift:
        def __init__(self, max_px, generator):
            self.max_px, self.generator = max_px, generator

        def __call__(self, image):
            dy, dx = (int(n) for n in torch.randint(-self.max_px, self.max_px + 1, (2,), generator=self.generator))
            out = torch.zeros_like(image)
            _, h, w = image.shape
            if abs(dy) < h and abs(dx) < w:
                out[:, max(dy, 0) : h + min(dy, 0), max(dx, 0) : w + min(dx, 0)] = image[
                    :, max(-dy, 0) : h + min(-dy, 0), max(-dx, 0) : w + min(-dx, 0)
                ]
            return out

    class Compose:
        def __init__(self, transforms):
            self.transforms = transforms

        def __call__(self, image):
            return reduce(lambda result, transform: transform(result), self.transforms, image)

    return ToFloatTensor, Normalize, RandomShift, Compose


@alternative(exercise="transforms")
def rolled_and_wiped(work):
    """Rolls the image and then wipes what has come around; normalises channel by channel."""

    class ToFloatTensor:
        def __call__(self, image):
            tensor = torch.from_numpy(image.copy())
            if tensor.dtype == torch.uint8:
                tensor = tensor.to(torch.float32).mul(1 / 255)
            tensor = tensor.to(torch.float32)
            return tensor[None] if tensor.dim() == 2 else torch.movedim(tensor, -1, 0)

    class Normalize:
        def __init__(self, mean, std):
            self.pairs = list(zip(mean, std, strict=True))

        def __call__(self, image):
            return torch.stack([(channel - m) / s for channel, (m, s) in zip(image, self.pairs, strict=True)])

    class RandomShift:
        def __init__(self, max_px, generator):
            self.max_px = max_px
            self.generator = generator

        def __call__(self, image):
            dy, dx = torch.randint(-self.max_px, self.max_px + 1, (2,), generator=self.generator).tolist()
            if abs(dy) >= image.size(1) or abs(dx) >= image.size(2):
                return image * 0
            image = torch.roll(image, (dy, dx), (1, 2))
            if dy > 0:
                image[:, :dy] = 0
            if dy < 0:
                image[:, dy:] = 0
            if dx > 0:
                image[:, :, :dx] = 0
            if dx < 0:
                image[:, :, dx:] = 0
            return image

    return ToFloatTensor, Normalize, RandomShift


@alternative(exercise="transforms")
def masked_lookup(work):
    """Looks up where each pixel comes from, draws the two numbers one by one, and uses torchvision's Normalize."""
    from torchvision.transforms import functional as TF

    class Normalize:
        def __init__(self, mean, std):
            self.mean, self.std = mean, std

        def __call__(self, image):
            return TF.normalize(image, self.mean, self.std, inplace=False)

    class RandomShift:
        def __init__(self, max_px, generator):
            self.high, self.generator = max_px + 1, generator

        def __call__(self, image):
            draw = [torch.randint(1 - self.high, self.high, (1,), generator=self.generator).item() for _ in range(2)]
            height, width = image.shape[1:]
            y, x = torch.meshgrid(torch.arange(height) - draw[0], torch.arange(width) - draw[1], indexing="ij")
            inside = (0 <= y) & (y < height) & (0 <= x) & (x < width)
            return image[:, y.clamp(0, height - 1), x.clamp(0, width - 1)] * inside

    return Normalize, RandomShift


# 3.4 ---------------------------------------------------------------------------------------------------------------


@alternative(exercise="channel_stats")
def two_passes(work):
    """Goes through the dataset twice: first for the mean, then for the squared distances from it."""

    def channel_stats(dataset, batch_size):
        def image_batches():
            for batch in DataLoader(dataset, batch_size=batch_size):
                images = batch if torch.is_tensor(batch) else batch[0]
                yield images.double().movedim(1, 0).flatten(1)

        count = sum(x.shape[1] for x in image_batches())
        mean = sum(x.sum(1) for x in image_batches()) / count
        variance = sum((x - mean[:, None]).pow(2).sum(1) for x in image_batches()) / count
        return mean, torch.sqrt(variance)

    return channel_stats


@alternative(exercise="channel_stats")
def merged_batch_by_batch(work):
    """Merges each batch's mean and squared deviations into the running ones (Chan, Golub and LeVeque)."""

    def channel_stats(dataset, batch_size):
        n, mean, m2 = 0, None, None
        for batch in DataLoader(dataset, batch_size=batch_size, shuffle=False):
            images = batch[0] if isinstance(batch, (list, tuple)) else batch
            x = images.to(torch.float64).transpose(0, 1).reshape(images.shape[1], -1)
            k, batch_mean = x.shape[1], x.mean(1)
            batch_m2 = (x - batch_mean[:, None]).square().sum(1)
            if n == 0:
                n, mean, m2 = k, batch_mean, batch_m2
                continue
            delta = batch_mean - mean
            mean = mean + delta * k / (n + k)
            m2 = m2 + batch_m2 + delta.square() * n * k / (n + k)
            n += k
        return mean, (m2 / n).sqrt()

    return channel_stats


@alternative(exercise="channel_stats")
def item_by_item(work):
    """Needs no loader: adds up item after item, with NumPy."""

    def channel_stats(dataset, batch_size):
        count, total, squares = 0, 0.0, 0.0
        for index in range(len(dataset)):
            item = dataset[index]
            image = (item[0] if isinstance(item, tuple) else item).numpy().astype(np.float64)
            count += image[0].size
            total = total + image.sum(axis=(1, 2))
            squares = squares + (image**2).sum(axis=(1, 2))
        mean = total / count
        std = np.sqrt(np.maximum(squares / count - mean**2, 0))
        return torch.from_numpy(mean), torch.from_numpy(std)

    return channel_stats


# 3.5 ---------------------------------------------------------------------------------------------------------------


@alternative(exercise="split_with_transforms")
def two_random_splits(work):
    """Splits each of two datasets with an equally seeded generator and keeps one part of each."""

    def split_with_transforms(dataset_cls, path, fraction, seed, train_tf, val_tf):
        def parts(transform):
            full = dataset_cls(path, transform=transform)
            n_val = round(len(full) * fraction)
            return random_split(full, [len(full) - n_val, n_val], torch.Generator().manual_seed(seed))

        return parts(train_tf)[0], parts(val_tf)[1]

    return split_with_transforms


@alternative(exercise="split_with_transforms")
def numpy_permutation(work):
    """Draws the order with a NumPy generator and keeps sorted indices."""

    def split_with_transforms(dataset_cls, path, fraction, seed, train_tf, val_tf):
        n = len(dataset_cls(path, train=True))
        order = np.random.default_rng(seed).permutation(n)
        n_val = round(fraction * n)
        val, train = sorted(order[:n_val].tolist()), sorted(order[n_val:].tolist())
        return Subset(dataset_cls(path, train_tf, True), train), Subset(dataset_cls(path, val_tf, True), val)

    return split_with_transforms


@alternative(exercise="split_with_transforms")
def raw_dataset_and_wrapper(work):
    """One dataset of raw images, and a wrapper that applies the transform of the part."""

    class Part(Dataset):
        def __init__(self, raw, indices, transform):
            self.raw, self.indices, self.transform = raw, indices, transform

        def __len__(self):
            return len(self.indices)

        def __getitem__(self, position):
            image, label = self.raw[self.indices[position]]
            return self.transform(image), label

    def split_with_transforms(dataset_cls, path, fraction, seed, train_tf, val_tf):
        raw = dataset_cls(path, transform=lambda image: image, train=True)
        generator = torch.Generator()
        generator.manual_seed(seed)
        order = torch.randperm(len(raw), generator=generator)
        train, val = order.split([len(raw) - round(fraction * len(raw)), round(fraction * len(raw))])
        return Part(raw, train.tolist(), train_tf), Part(raw, val.tolist(), val_tf)

    return split_with_transforms


# 3.6 ---------------------------------------------------------------------------------------------------------------


@alternative(exercise="make_loaders")
def random_sampler_of_its_own(work):
    """Hands a RandomSampler with its own generator to the loader."""

    def make_loaders(train_ds, test_ds, batch_size, seed):
        order = RandomSampler(train_ds, generator=torch.Generator().manual_seed(seed))
        train = DataLoader(train_ds, batch_size, sampler=order, generator=torch.Generator())
        return train, DataLoader(test_ds, batch_size, shuffle=False, generator=torch.Generator())

    return make_loaders


@alternative(exercise="make_loaders")
def order_from_seed_and_epoch(work):
    """A sampler of its own seeds each epoch with the seed and the epoch's number."""

    class Epochs(Sampler):
        def __init__(self, n, seed):
            self.n, self.seed, self.epoch = n, seed, 0

        def __len__(self):
            return self.n

        def __iter__(self):
            order = np.random.default_rng([self.seed, self.epoch]).permutation(self.n)
            self.epoch += 1
            return iter(order.tolist())

    def make_loaders(train_ds, test_ds, batch_size, seed):
        train = DataLoader(
            train_ds, batch_size=batch_size, sampler=Epochs(len(train_ds), seed), generator=torch.Generator()
        )
        test = DataLoader(
            test_ds, batch_size=batch_size, sampler=SequentialSampler(test_ds), generator=torch.Generator()
        )
        return train, test

    return make_loaders


@alternative(exercise="make_loaders")
def batch_samplers(work):
    """Gives both loaders a batch sampler."""

    def make_loaders(train_ds, test_ds, batch_size, seed):
        g_train, g_test = torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed + 1)
        shuffled = BatchSampler(RandomSampler(train_ds, generator=g_train), batch_size, drop_last=False)
        in_order = BatchSampler(SequentialSampler(test_ds), batch_size, drop_last=False)
        return (
            DataLoader(train_ds, batch_sampler=shuffled, generator=g_train),
            DataLoader(test_ds, batch_sampler=in_order, generator=g_test),
        )

    return make_loaders


# 3.7 ---------------------------------------------------------------------------------------------------------------


@alternative(exercise="pad_collate")
def with_pad_sequence(work):
    """Uses torch's pad_sequence."""

    def pad_collate(batch, pad_value=0):
        xs, ys = zip(*batch, strict=True)
        X = pad_sequence(list(xs), batch_first=True, padding_value=pad_value)
        return X, torch.tensor(ys), torch.tensor([x.size(0) for x in xs])

    return pad_collate


@alternative(exercise="pad_collate")
def each_sequence_padded(work):
    """Pads each sequence with F.pad and stacks."""

    def pad_collate(batch, pad_value=0):
        longest = max(x.numel() for x, _ in batch)
        X = torch.stack([F.pad(x, (0, longest - len(x)), value=pad_value) for x, _ in batch])
        return X, torch.LongTensor([y for _, y in batch]), torch.LongTensor([len(x) for x, _ in batch])

    return pad_collate


@alternative(exercise="pad_collate")
def default_collate_after_padding(work):
    """Extends each sequence with torch.cat and leaves the rest to the default collate function."""

    def pad_collate(batch, pad_value=0):
        longest = max(len(x) for x, _ in batch)
        padded = [
            (torch.cat([x, torch.full((longest - len(x),), pad_value, dtype=x.dtype)]), y, len(x)) for x, y in batch
        ]
        return tuple(default_collate(padded))

    return pad_collate


@alternative(exercise="pad_collate")
def filled_through_a_mask(work):
    """Fills all values at once through a mask of the valid places."""

    def pad_collate(batch, pad_value=0):
        lengths = torch.as_tensor([x.shape[0] for x, _ in batch])
        mask = torch.arange(max(lengths.tolist()))[None] < lengths[:, None]
        X = torch.full(mask.shape, pad_value, dtype=batch[0][0].dtype)
        X[mask] = torch.cat([x for x, _ in batch])
        return X, torch.as_tensor([y for _, y in batch]), lengths

    return pad_collate


# 3.8 ---------------------------------------------------------------------------------------------------------------


@alternative(exercise="balanced_sampler")
def with_bincount(work):
    """Counts with bincount; classes that do not occur are never looked up."""

    def balanced_sampler(labels, generator):
        labels = torch.tensor(labels) if isinstance(labels, list) else labels
        counts = torch.bincount(labels)
        return WeightedRandomSampler(len(labels) / counts[labels], len(labels), generator=generator)

    return balanced_sampler


@alternative(exercise="balanced_sampler")
def with_counter(work):
    """Counts with a Counter and hands over a list of weights."""

    def balanced_sampler(labels, generator):
        labels = [int(label) for label in labels]
        counts = Counter(labels)
        weights = [1 / (len(counts) * counts[label]) for label in labels]
        return WeightedRandomSampler(weights, num_samples=len(weights), replacement=True, generator=generator)

    return balanced_sampler


@alternative(exercise="balanced_sampler")
def with_numpy_unique(work):
    """Counts with NumPy."""

    def balanced_sampler(labels, generator):
        classes, counts = np.unique(np.asarray(labels), return_counts=True)
        weights = (100.0 / counts)[np.searchsorted(classes, np.asarray(labels))]
        return WeightedRandomSampler(torch.from_numpy(weights), len(labels), True, generator)

    return balanced_sampler


# 3.9 ---------------------------------------------------------------------------------------------------------------


@alternative(exercise="bucket_batch_sampler")
def argsort_and_split(work):
    """Sorts with torch.argsort and cuts with split."""

    class BucketBatchSampler(Sampler):
        def __init__(self, lengths, batch_size, drop_last, generator):
            chunks = torch.tensor(lengths).argsort(stable=True).split(batch_size)
            self.chunks = [chunk.tolist() for chunk in chunks if len(chunk) == batch_size or not drop_last]
            self.generator = generator

        def __iter__(self):
            for i in torch.randperm(len(self.chunks), generator=self.generator):
                yield self.chunks[i]

        def __len__(self):
            return len(self.chunks)

    return BucketBatchSampler


@alternative(exercise="bucket_batch_sampler")
def ties_shuffled_each_epoch(work):
    """Sorts anew in every epoch, with items of equal length in random order."""

    class BucketBatchSampler(Sampler):
        def __init__(self, lengths, batch_size, drop_last, generator):
            self.lengths, self.batch_size = list(lengths), batch_size
            self.drop_last, self.generator = drop_last, generator

        def __len__(self):
            full, rest = divmod(len(self.lengths), self.batch_size)
            return full + (rest > 0 and not self.drop_last)

        def __iter__(self):
            noise = torch.rand(len(self.lengths), generator=self.generator).tolist()
            order = sorted(range(len(self.lengths)), key=lambda i: (self.lengths[i], noise[i]))
            size = self.batch_size
            for k in torch.randperm(len(self), generator=self.generator).tolist():
                yield order[k * size : (k + 1) * size]

    return BucketBatchSampler


@alternative(exercise="bucket_batch_sampler")
def with_torch_samplers(work):
    """Lets torch's BatchSampler cut the sorted indices, and does not inherit from Sampler."""

    class BucketBatchSampler:
        def __init__(self, lengths, batch_size, drop_last, generator):
            order = np.argsort(np.array(lengths), kind="stable").tolist()
            self.batches = list(BatchSampler(order, batch_size, drop_last))
            self.order = RandomSampler(self.batches, generator=generator) if self.batches else []

        def __iter__(self):
            return iter([self.batches[i] for i in self.order])

        def __len__(self):
            return len(self.batches)

    return BucketBatchSampler


# 3.10 --------------------------------------------------------------------------------------------------------------


@alternative(exercise="noisy_dataset")
def from_initial_seed(work):
    """Takes the worker's seed from torch.initial_seed, and scales in NumPy."""

    class NoisyDataset(Dataset):
        def __init__(self, base, std, seed=0):
            self.base, self.std, self.rng = base, std, np.random.default_rng(seed)

        def __len__(self):
            return len(self.base)

        def __getitem__(self, index):
            x = self.base[index]
            return x.add(torch.as_tensor(self.rng.standard_normal(x.shape) * self.std, dtype=x.dtype))

    def seed_worker(worker_id):
        get_worker_info().dataset.rng = np.random.default_rng(torch.initial_seed())

    return NoisyDataset, seed_worker


@alternative(exercise="noisy_dataset")
def from_a_seed_sequence(work):
    """Mixes the epoch's seed with the worker's number."""

    def seed_worker(worker_id):
        info = get_worker_info()
        base_seed = info.seed - info.id
        info.dataset.rng = np.random.default_rng(np.random.SeedSequence(base_seed, spawn_key=(worker_id,)))

    return seed_worker


@alternative(exercise="noisy_dataset")
def from_torchs_stream(work):
    """Draws the new seed from the worker's torch stream, and uses normal(0, std)."""

    class NoisyDataset(work.NoisyDataset):
        def __getitem__(self, index):
            item = self.base[index].clone()
            item += torch.tensor(self.rng.normal(0.0, self.std, size=tuple(item.shape)))
            return item

    def seed_worker(worker_id):
        seed = int(torch.randint(0, 2**62, ()))
        torch.utils.data.get_worker_info().dataset.rng = np.random.Generator(np.random.PCG64(seed))

    return NoisyDataset, seed_worker
