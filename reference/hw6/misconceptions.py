"""Wrong solutions of hw6 that students write, each with the hint that a teacher would give."""

from __future__ import annotations

import copy
import gc
import itertools
import math
import random
from contextlib import nullcontext

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler

from grader.authoring import misconception

# --- 6.1 shard_indices -----------------------------------------------------------------------------------------


class Shards:
    """`shard_indices` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, n, world, rank, epoch, seed, shuffle, drop_last):
        self.refuse(rank, world)
        order = self.order(n, seed, epoch, rank) if shuffle else list(range(n))
        order = self.dropped(order, world) if drop_last else self.padded(order, world)
        return self.share(order, world, rank)

    def refuse(self, rank, world):
        if not 0 <= rank < world:
            raise ValueError(rank)

    def order(self, n, seed, epoch, rank):
        return torch.randperm(n, generator=torch.Generator().manual_seed(self.seed(seed, epoch, rank))).tolist()

    def seed(self, seed, epoch, rank):
        return seed + epoch

    def dropped(self, order, world):
        return order[: len(order) // world * world]

    def padded(self, order, world):
        return list(itertools.islice(itertools.cycle(order), math.ceil(len(order) / world) * world))

    def share(self, order, world, rank):
        return order[rank::world]


@misconception(exercise="shard_indices")
def epoch_ignored(work):
    """The generator starts from the same number in every epoch, and so every epoch has the same order."""

    class Wrong(Shards):
        def seed(self, seed, epoch, rank):
            return seed

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def seed_of_each_rank(work):
    """Each rank shuffles in an order of its own, so that their shares overlap and some samples belong to nobody."""

    class Wrong(Shards):
        def seed(self, seed, epoch, rank):
            return seed + epoch + rank

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def seed_times_epoch(work):
    """Seed and epoch are combined in another way than the recipe's, so that the order is another one."""

    class Wrong(Shards):
        def seed(self, seed, epoch, rank):
            return seed * (epoch + 1)

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def epochs_from_one(work):
    """Epochs are counted from 0 here; one is added to what is one too much already."""

    class Wrong(Shards):
        def seed(self, seed, epoch, rank):
            return seed + epoch + 1

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def shuffled_by_python(work):
    """Python's own generator makes another order than torch.randperm does with the same seed."""

    class Wrong(Shards):
        def order(self, n, seed, epoch, rank):
            order = list(range(n))
            random.Random(seed + epoch).shuffle(order)
            return order

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def shuffled_after_sharing(work):
    """Every rank has the same samples in each epoch, only in another order: shuffle before the shares are dealt out."""

    class Wrong(Shards):
        def __call__(self, n, world, rank, epoch, seed, shuffle, drop_last):
            share = super().__call__(n, world, rank, epoch, seed, False, drop_last)
            return [share[i] for i in self.order(len(share), seed, epoch, rank)] if shuffle else share

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def global_stream_seeded(work):
    """The order is right, but the global stream is seeded for it: dropout and augmentation repeat in every epoch."""

    class Wrong(Shards):
        def order(self, n, seed, epoch, rank):
            torch.manual_seed(seed + epoch)
            return torch.randperm(n).tolist()

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def contiguous_blocks(work):
    """Each rank gets a block of neighbours, where the recipe deals the indices out like cards."""

    class Wrong(Shards):
        def share(self, order, world, rank):
            each = len(order) // world
            return order[rank * each : (rank + 1) * each]

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def not_padded(work):
    """Some ranks have one index less than others, and those would wait for them in the last batch."""

    class Wrong(Shards):
        def padded(self, order, world):
            return order

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def padded_with_the_last(work):
    """The last index is repeated, where the recipe goes on with the beginning of the order."""

    class Wrong(Shards):
        def padded(self, order, world):
            return order + [order[-1]] * (-len(order) % world)

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def padded_with_one_index(work):
    """The same first index fills up all the places that are missing; the order should go on with its second one."""

    class Wrong(Shards):
        def padded(self, order, world):
            return order + [order[0]] * (-len(order) % world)

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def padded_with_unshuffled_indices(work):
    """The places that are missing are filled with 0, 1, 2, ..., not with the beginning of the shuffled order."""

    class Wrong(Shards):
        def padded(self, order, world):
            return order + [i % len(order) for i in range(-len(order) % world)]

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def padded_once(work):
    """The order is appended to itself once, which is not enough where there are more than twice as many ranks."""

    class Wrong(Shards):
        def padded(self, order, world):
            return order + order[: -len(order) % world]

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def padded_although_it_fits(work):
    """A number that is a multiple already gets a whole round more: look at what the remainder is then."""

    class Wrong(Shards):
        def padded(self, order, world):
            missing = world - len(order) % world
            return list(itertools.islice(itertools.cycle(order), len(order) + missing))

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def drop_last_ignored(work):
    """The order is padded although the rest should be left out."""

    class Wrong(Shards):
        def dropped(self, order, world):
            return self.padded(order, world)

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def always_dropped(work):
    """The rest is left out although nobody asked for it: those samples are never trained on."""

    class Wrong(Shards):
        def padded(self, order, world):
            return self.dropped(order, world)

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def first_ones_dropped(work):
    """What is left out is the beginning of the order and not its end."""

    class Wrong(Shards):
        def dropped(self, order, world):
            return order[len(order) % world :]

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def one_left_of_a_small_set(work):
    """With fewer samples than ranks, dropping leaves nothing for anybody; here some ranks still get one."""

    class Wrong(Shards):
        def dropped(self, order, world):
            return super().dropped(order, world) or order

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def any_rank_goes(work):
    """A rank that does not exist gets a share, too: a wrong number should not go unnoticed."""

    class Wrong(Shards):
        def refuse(self, rank, world):
            pass

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def negative_ranks_go(work):
    """Ranks that are too large are refused, but those below zero are not."""

    class Wrong(Shards):
        def refuse(self, rank, world):
            if rank >= world:
                raise ValueError(rank)

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def ranks_from_one(work):
    """The number of ranks is accepted as the number of a rank, but the last one is one less."""

    class Wrong(Shards):
        def refuse(self, rank, world):
            if rank < 0 or rank > world:
                raise ValueError(rank)

    return {"shard_indices": Wrong()}


@misconception(exercise="shard_indices")
def tensors_in_the_list(work):
    """The list holds tensors where Python ints are asked for."""

    class Wrong(Shards):
        def order(self, n, seed, epoch, rank):
            return list(torch.randperm(n, generator=torch.Generator().manual_seed(seed + epoch)))

    return {"shard_indices": Wrong()}


# --- 6.2 broadcast_parameters, sync_gradients ------------------------------------------------------------------


def tensors_of(model):
    """What the reference sends."""
    return itertools.chain(model.parameters(), model.buffers())


class Sync:
    """`sync_gradients` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, model):
        trained = self.trained(model)
        counts = torch.tensor([parameter.grad is not None for parameter in trained], dtype=torch.int64)
        dist.all_reduce(counts)
        for parameter, count in zip(trained, counts.tolist(), strict=True):
            if self.wanted(count):
                self.one(parameter, count)

    def trained(self, model):
        return [parameter for parameter in model.parameters() if parameter.requires_grad]

    def wanted(self, count):
        return count > 0

    def one(self, parameter, count):
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        dist.all_reduce(parameter.grad)
        parameter.grad /= self.divisor(count)

    def divisor(self, count):
        return dist.get_world_size()


@misconception(exercise="sync")
def copies_are_sent(work):
    """What is received is written into a copy that nobody keeps: the models stay as different as they were."""

    def broadcast_parameters(model):
        for tensor in tensors_of(model):
            dist.broadcast(tensor.detach().clone(), src=0)

    return broadcast_parameters


@misconception(exercise="sync")
def buffers_forgotten(work):
    """The statistics of a batch norm are no parameters, but they are part of the model: each rank keeps its own here."""

    def broadcast_parameters(model):
        for parameter in model.parameters():
            dist.broadcast(parameter.data, src=0)

    return broadcast_parameters


@misconception(exercise="sync")
def frozen_weights_not_sent(work):
    """What is not trained is not sent: but a frozen layer that is different on each rank computes something else."""

    def broadcast_parameters(model):
        for parameter in model.parameters():
            if parameter.requires_grad:
                dist.broadcast(parameter.data, src=0)
        for buffer in model.buffers():
            dist.broadcast(buffer, src=0)

    return broadcast_parameters


@misconception(exercise="sync")
def new_parameter_objects(work):
    """The values are right, but the parameters are new objects: an optimizer that was made before trains the old ones."""

    def broadcast_parameters(model):
        for tensor in tensors_of(model):
            dist.broadcast(tensor.data, src=0)
        for module in model.modules():
            for name, parameter in list(module._parameters.items()):
                if parameter is not None:
                    setattr(module, name, nn.Parameter(parameter.data.clone(), parameter.requires_grad))

    return broadcast_parameters


@misconception(exercise="sync")
def parameters_frozen_by_sending(work):
    """To be sent, parameters are taken out of autograd, and nobody puts them back: nothing is trained any more."""

    def broadcast_parameters(model):
        for tensor in tensors_of(model):
            dist.broadcast(tensor.requires_grad_(False), src=0)

    return broadcast_parameters


@misconception(exercise="sync")
def summed_and_not_divided(work):
    """The gradients of all ranks are added up; the mean over the whole batch is smaller than that."""

    class Wrong(Sync):
        def divisor(self, count):
            return 1

    return {"sync_gradients": Wrong()}


@misconception(exercise="sync")
def always_two_ranks(work):
    """The sum is divided by two, however many ranks there are."""

    class Wrong(Sync):
        def divisor(self, count):
            return 2

    return {"sync_gradients": Wrong()}


@misconception(exercise="sync")
def divided_by_those_who_have_one(work):
    """A rank without gradient should count as zeros; here the mean is taken over the other ranks only."""

    class Wrong(Sync):
        def divisor(self, count):
            return count

    return {"sync_gradients": Wrong()}


@misconception(exercise="sync")
def none_skipped_by_each_rank(work):
    """A rank that has no gradient leaves the call out, and the others wait for it, or take its next one for the answer."""

    def sync_gradients(model):
        for parameter in model.parameters():
            if parameter.requires_grad and parameter.grad is not None:
                dist.all_reduce(parameter.grad)
                parameter.grad /= dist.get_world_size()

    return sync_gradients


@misconception(exercise="sync")
def zeros_for_everybody(work):
    """A parameter that nobody used gets zeros for a gradient, and then weight decay and momentum move it."""

    class Wrong(Sync):
        def wanted(self, count):
            return True

    return {"sync_gradients": Wrong()}


@misconception(exercise="sync")
def none_stays_none(work):
    """A rank without gradient contributes zeros, but does not keep the mean: its weights stay behind."""

    class Wrong(Sync):
        def one(self, parameter, count):
            grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            dist.all_reduce(grad)
            grad /= dist.get_world_size()

    return {"sync_gradients": Wrong()}


@misconception(exercise="sync")
def frozen_gradients_too(work):
    """Frozen parameters are to be left alone, whatever their gradient holds from earlier."""

    class Wrong(Sync):
        def trained(self, model):
            return list(model.parameters())

    return {"sync_gradients": Wrong()}


@misconception(exercise="sync")
def weights_averaged_instead(work):
    """It is the weights that are averaged here, not the gradients."""

    def sync_gradients(model):
        for parameter in model.parameters():
            dist.all_reduce(parameter.data)
            parameter.data /= dist.get_world_size()

    return sync_gradients


@misconception(exercise="sync")
def copies_are_averaged(work):
    """The mean is computed in a copy, and the gradients themselves stay what each rank had."""

    class Wrong(Sync):
        def one(self, parameter, count):
            super().one(copy.deepcopy(parameter), count)

    return {"sync_gradients": Wrong()}


# --- 6.3 distributed_mean, gather_samples ----------------------------------------------------------------------


def summed(*numbers):
    """The sums over all ranks, as floats."""
    both = torch.tensor([float(number) for number in numbers], dtype=torch.float64)
    dist.all_reduce(both)
    return both.tolist()


@misconception(exercise="global_metrics")
def mean_of_the_means(work):
    """Each rank counts the same, although some have more samples than others."""

    def distributed_mean(total, count):
        (found,) = summed(float(total) / count if count else math.nan)
        return found / dist.get_world_size()

    return distributed_mean


@misconception(exercise="global_metrics")
def divided_by_its_own_count(work):
    """The totals of all ranks are divided by the number of samples of one."""

    def distributed_mean(total, count):
        (found,) = summed(total)
        return found / count if count else math.nan

    return distributed_mean


@misconception(exercise="global_metrics")
def result_on_rank_zero_only(work):
    """Only rank 0 gets the sums; the other ranks divide what they had before."""

    def distributed_mean(total, count):
        both = torch.tensor([float(total), float(count)], dtype=torch.float64)
        dist.reduce(both, dst=0)
        total, count = both.tolist()
        return total / count if count else math.nan

    return distributed_mean


@misconception(exercise="global_metrics")
def single_precision(work):
    """Sums and counts are float32, which has no room for large numbers: one sample more or less makes no difference."""

    def distributed_mean(total, count):
        both = torch.tensor([float(total), float(count)], dtype=torch.float32)
        dist.all_reduce(both)
        total, count = both.tolist()
        return total / count if count else math.nan

    return distributed_mean


@misconception(exercise="global_metrics")
def total_changed_in_place(work):
    """A collective call writes into the tensor that it is given: here it is the caller's own."""

    def distributed_mean(total, count):
        if torch.is_tensor(total):
            total = total.detach()
            value = total.double().item()
            dist.all_reduce(total)
            (value, samples) = summed(value, count)
        else:
            value, samples = summed(total, count)
        return value / samples if samples else math.nan

    return distributed_mean


@misconception(exercise="global_metrics")
def tensor_returned(work):
    """What is returned is a tensor, where a Python float was asked for."""

    def distributed_mean(total, count):
        both = torch.tensor([float(total), float(count)], dtype=torch.float64)
        dist.all_reduce(both)
        return both[0] / both[1]

    return distributed_mean


@misconception(exercise="global_metrics")
def no_samples_anywhere(work):
    """Dividing by zero is an error in Python, also where no rank has anything to evaluate."""

    def distributed_mean(total, count):
        total, count = summed(total, count)
        return total / count

    return distributed_mean


@misconception(exercise="global_metrics")
def zero_without_samples(work):
    """A loss of 0 without any sample looks like a perfect model."""

    def distributed_mean(total, count):
        total, count = summed(total, count)
        return total / count if count else 0.0

    return distributed_mean


def gathered(local):
    """The rows of each rank."""
    parts = [torch.empty_like(local) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, local)
    return parts


@misconception(exercise="global_metrics")
def one_rank_after_the_other(work):
    """All rows of rank 0 come first, then those of rank 1; but the ranks took turns when the samples were dealt out."""

    def gather_samples(local, length):
        return torch.cat(gathered(local))[:length]

    return gather_samples


@misconception(exercise="global_metrics")
def repeated_rows_kept(work):
    """The rows that were repeated to fill up the shares are still there at the end."""

    def gather_samples(local, length):
        return torch.stack(gathered(local), dim=1).flatten(0, 1)

    return gather_samples


@misconception(exercise="global_metrics")
def one_tensor_many_times(work):
    """A list that is multiplied holds the same tensor again and again, and the last rank's rows overwrite all others."""

    def gather_samples(local, length):
        parts = [torch.empty_like(local)] * dist.get_world_size()
        dist.all_gather(parts, local)
        return torch.stack(parts, dim=1).flatten(0, 1)[:length]

    return gather_samples


@misconception(exercise="global_metrics")
def rows_flattened(work):
    """All dimensions are flattened; only ranks and their rows should become one."""

    def gather_samples(local, length):
        return torch.stack(gathered(local), dim=1).flatten()[:length]

    return gather_samples


@misconception(exercise="global_metrics")
def rows_as_floats(work):
    """Whole numbers come back as floats: the rows should keep their dtype."""

    def gather_samples(local, length):
        return torch.stack(gathered(local), dim=1).flatten(0, 1)[:length].float()

    return gather_samples


# --- 6.4 ddp_train ---------------------------------------------------------------------------------------------


class Worker:
    """`ddp_train` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, rank, world, init_file, make_model, dataset, loss_fn, epochs, batch_size, lr, accum, seed, path):
        self.rank, self.world, self.accum, self.loss_fn = rank, world, accum, loss_fn
        dist.init_process_group("gloo", init_method=f"file://{init_file}", rank=rank, world_size=world)
        model = self.wrap(make_model())
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        sampler = self.sampler(dataset, seed)
        loader = self.loader(dataset, batch_size, sampler)
        history = [self.epoch(model, optimizer, sampler, loader, epoch) for epoch in range(epochs)]
        self.save(model, path)
        dist.barrier()
        dist.destroy_process_group()
        return history, self.inside(model)

    def wrap(self, model):
        return DistributedDataParallel(model)

    def sampler(self, dataset, seed):
        return DistributedSampler(dataset, self.world, self.rank, shuffle=True, seed=seed)

    def loader(self, dataset, batch_size, sampler):
        return DataLoader(dataset, batch_size=batch_size, sampler=sampler)

    def set_epoch(self, sampler, epoch):
        sampler.set_epoch(epoch)

    def epoch(self, model, optimizer, sampler, loader, epoch):
        self.set_epoch(sampler, epoch)
        losses, batches = [], iter(loader)
        while window := list(itertools.islice(batches, self.accum)):
            losses += self.window(model, optimizer, window)
        return self.mean(losses)

    def window(self, model, optimizer, window):
        optimizer.zero_grad()
        losses = []
        for place, (x, y) in enumerate(window):
            with self.context(model, place == len(window) - 1):
                loss = self.loss_fn(model(x), y)
                self.scaled(loss, window).backward()
            losses.append((loss.item(), len(x)))
        optimizer.step()
        return losses

    def context(self, model, last):
        return nullcontext() if last else model.no_sync()

    def scaled(self, loss, window):
        return loss / len(window)

    def mean(self, losses):
        total, count = summed(sum(loss * n for loss, n in losses), sum(n for _, n in losses))
        return total / count

    def save(self, model, path):
        if self.rank == 0:
            torch.save(self.inside(model).state_dict(), path)

    def inside(self, model):
        return model.module


@misconception(exercise="ddp_train")
def set_epoch_missing(work):
    """The sampler is not told which epoch it is, and gives the same order in all of them."""

    class Wrong(Worker):
        def set_epoch(self, sampler, epoch):
            pass

    return {"ddp_train": Wrong()}


@misconception(exercise="ddp_train")
def another_seed_for_each_rank(work):
    """Each rank's sampler shuffles differently, so that some samples are drawn twice and others never."""

    class Wrong(Worker):
        def sampler(self, dataset, seed):
            return DistributedSampler(dataset, self.world, self.rank, shuffle=True, seed=seed + self.rank)

    return {"ddp_train": Wrong()}


@misconception(exercise="ddp_train")
def everybody_trains_on_everything(work):
    """Without the sampler each rank goes through the whole data set, and several ranks do the work of one."""

    class Wrong(Worker):
        def loader(self, dataset, batch_size, sampler):
            return DataLoader(dataset, batch_size=batch_size)

    return {"ddp_train": Wrong()}


@misconception(exercise="ddp_train")
def model_not_wrapped(work):
    """Nothing connects the models: each rank trains its own, from its own random weights."""

    class Wrong(Worker):
        def wrap(self, model):
            model.no_sync = nullcontext
            return model

        def inside(self, model):
            return model

    return {"ddp_train": Wrong()}


@misconception(exercise="ddp_train")
def averaged_after_every_batch(work):
    """The result is right, but the gradients travel after every batch, not once for each step."""

    class Wrong(Worker):
        def context(self, model, last):
            return nullcontext()

    return {"ddp_train": Wrong()}


@misconception(exercise="ddp_train")
def window_not_averaged(work):
    """The gradients of the batches in a window are added up; the step is as many times too large."""

    class Wrong(Worker):
        def scaled(self, loss, window):
            return loss

    return {"ddp_train": Wrong()}


@misconception(exercise="ddp_train")
def short_window_divided_in_full(work):
    """The last window of an epoch has fewer batches, but is divided as if it had all of them."""

    class Wrong(Worker):
        def scaled(self, loss, window):
            return loss / self.accum

    return {"ddp_train": Wrong()}


@misconception(exercise="ddp_train")
def loss_of_one_rank(work):
    """Each rank reports the loss of its own samples as if it were that of all."""

    class Wrong(Worker):
        def mean(self, losses):
            return sum(loss * n for loss, n in losses) / sum(n for _, n in losses)

    return {"ddp_train": Wrong()}


@misconception(exercise="ddp_train")
def mean_of_batch_losses(work):
    """Every batch counts the same in the history, although the last one of an epoch is smaller."""

    class Wrong(Worker):
        def mean(self, losses):
            total, count = summed(sum(loss for loss, _ in losses), len(losses))
            return total / count

    return {"ddp_train": Wrong()}


@misconception(exercise="ddp_train")
def every_rank_saves(work):
    """All ranks write a file; if it were the same one, they would write over each other."""

    class Wrong(Worker):
        def save(self, model, path):
            torch.save(model.module.state_dict(), path)

    return {"ddp_train": Wrong()}


@misconception(exercise="ddp_train")
def names_of_the_wrapper(work):
    """The names in the file begin with "module.", and no model without wrapper can load them."""

    class Wrong(Worker):
        def save(self, model, path):
            if self.rank == 0:
                torch.save(model.state_dict(), path)

    return {"ddp_train": Wrong()}


@misconception(exercise="ddp_train")
def wrapper_returned(work):
    """What is returned is the wrapper around the model."""

    class Wrong(Worker):
        def save(self, model, path):
            if self.rank == 0:
                torch.save(model.module.state_dict(), path)

        def inside(self, model):
            return model

    return {"ddp_train": Wrong()}


# --- 6.5 unwrap, save_rank0 ------------------------------------------------------------------------------------

WRAPPERS = (nn.DataParallel, DistributedDataParallel)


class Saving:
    """`save_rank0` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, path, model):
        several = dist.is_initialized()
        if not several or self.writes():
            torch.save(self.state(model), path)
        if several:
            dist.barrier()

    def writes(self):
        return dist.get_rank() == 0

    def state(self, model):
        while isinstance(model, WRAPPERS):
            model = model.module
        return model.state_dict()


@misconception(exercise="save_rank0")
def anything_with_a_module(work):
    """Not everything that has a part called "module" is a wrapper: a model may call a part of its own so."""

    def unwrap(model):
        while hasattr(model, "module"):
            model = model.module
        return model

    return unwrap


@misconception(exercise="save_rank0")
def one_wrapper_only(work):
    """One wrapper is taken off, and the one below it stays."""

    def unwrap(model):
        return model.module if isinstance(model, WRAPPERS) else model

    return unwrap


@misconception(exercise="save_rank0")
def only_the_distributed_wrapper(work):
    """There is another wrapper that holds its model in the same way."""

    def unwrap(model):
        while isinstance(model, DistributedDataParallel):
            model = model.module
        return model

    return unwrap


@misconception(exercise="save_rank0")
def always_a_wrapper(work):
    """A model without wrapper has no attribute "module"."""

    def unwrap(model):
        return model.module

    return unwrap


@misconception(exercise="save_rank0")
def unwrapped_copy(work):
    """What comes back is a copy: training it would leave the model as it is."""

    def unwrap(model):
        while isinstance(model, WRAPPERS):
            model = model.module
        return copy.deepcopy(model)

    return unwrap


@misconception(exercise="save_rank0")
def state_of_the_wrapper(work):
    """The names in the file are the wrapper's, and no model without wrapper can load them."""

    class Wrong(Saving):
        def state(self, model):
            return model.state_dict()

    return {"save_rank0": Wrong()}


@misconception(exercise="save_rank0")
def seven_letters_cut_off(work):
    """The first letters of every name are cut off, also where they are not "module."."""

    class Wrong(Saving):
        def state(self, model):
            return {name[7:]: value for name, value in model.state_dict().items()}

    return {"save_rank0": Wrong()}


@misconception(exercise="save_rank0")
def module_replaced_everywhere(work):
    """The word is taken out of all names, also where it is the name of one of the model's own parts."""

    class Wrong(Saving):
        def state(self, model):
            return {name.replace("module.", ""): value for name, value in model.state_dict().items()}

    return {"save_rank0": Wrong()}


@misconception(exercise="save_rank0")
def one_prefix_cut_off(work):
    """The prefix is cut off once, and of names in two wrappers one remains; a model's own part may be called so, too."""

    class Wrong(Saving):
        def state(self, model):
            return {name.removeprefix("module."): value for name, value in model.state_dict().items()}

    return {"save_rank0": Wrong()}


@misconception(exercise="save_rank0")
def all_ranks_write(work):
    """Every rank writes, and if the file is the same one, they write over each other."""

    class Wrong(Saving):
        def writes(self):
            return True

    return {"save_rank0": Wrong()}


@misconception(exercise="save_rank0")
def the_last_rank_writes(work):
    """It is another rank than the first that writes here."""

    class Wrong(Saving):
        def writes(self):
            return dist.get_rank() == dist.get_world_size() - 1

    return {"save_rank0": Wrong()}


@misconception(exercise="save_rank0")
def nobody_waits(work):
    """The other ranks go on while rank 0 is still writing, and may look for a file that is not there yet."""

    def save_rank0(path, model):
        if not dist.is_initialized() or dist.get_rank() == 0:
            torch.save(Saving().state(model), path)

    return save_rank0


@misconception(exercise="save_rank0")
def waits_before_writing(work):
    """The ranks meet before the file is written, and so nobody knows when it is complete."""

    def save_rank0(path, model):
        if dist.is_initialized():
            dist.barrier()
        if not dist.is_initialized() or dist.get_rank() == 0:
            torch.save(Saving().state(model), path)

    return save_rank0


@misconception(exercise="save_rank0")
def only_the_writer_waits(work):
    """Only the rank that writes comes to the meeting point: it waits there in vain."""

    def save_rank0(path, model):
        if not dist.is_initialized():
            torch.save(Saving().state(model), path)
        elif dist.get_rank() == 0:
            torch.save(Saving().state(model), path)
            dist.barrier()

    return save_rank0


@misconception(exercise="save_rank0")
def needs_a_group(work):
    """In a single process there is no group that could be asked for a rank."""

    def save_rank0(path, model):
        if dist.get_rank() == 0:
            torch.save(Saving().state(model), path)
        dist.barrier()

    return save_rank0


@misconception(exercise="save_rank0")
def nothing_without_a_group(work):
    """Without a process group there is only one process, and nobody else who could write the file."""

    def save_rank0(path, model):
        if dist.is_initialized():
            Saving()(path, model)
        else:
            torch.save({}, path)

    return save_rank0


@misconception(exercise="save_rank0")
def whole_object_saved(work):
    """The file holds the model as an object; loading it would need its class and the trust to run its code."""

    class Wrong(Saving):
        def state(self, model):
            while isinstance(model, WRAPPERS):
                model = model.module
            return model

    return {"save_rank0": Wrong()}


# --- 6.6 TwoStage ----------------------------------------------------------------------------------------------


class Stages(nn.Module):
    """`TwoStage` in pieces, so that a wrong solution changes one of them."""

    def __init__(self, stage1, stage2, dev1, dev2):
        super().__init__()
        self.dev1, self.dev2 = dev1, dev2
        self.place(stage1, stage2)

    def place(self, stage1, stage2):
        self.stage1, self.stage2 = stage1.to(self.dev1), stage2.to(self.dev2)

    def forward(self, x):
        hidden = self.stage1(self.enter(x))
        return self.leave(self.stage2(self.between(hidden)), x)

    def enter(self, x):
        return x.to(self.dev1)

    def between(self, hidden):
        return hidden.to(self.dev2)

    def leave(self, out, x):
        return out


@misconception(exercise="two_stage")
def activation_not_moved(work):
    """What the first stage computes is on its device, and the second stage waits for it on another."""

    class Wrong(Stages):
        def between(self, hidden):
            return hidden

    return {"TwoStage": Wrong}


@misconception(exercise="two_stage")
def input_not_moved(work):
    """x is wherever the caller has it, which need not be the first device."""

    class Wrong(Stages):
        def enter(self, x):
            return x

    return {"TwoStage": Wrong}


@misconception(exercise="two_stage")
def first_gpu_always(work):
    """A device is written into the code, and the one that was given is ignored."""

    class Wrong(Stages):
        def place(self, stage1, stage2):
            self.dev1 = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
            self.dev2 = torch.device("cuda:1" if torch.cuda.device_count() > 1 else "cpu")
            super().place(stage1, stage2)

    return {"TwoStage": Wrong}


@misconception(exercise="two_stage")
def weights_moved_when_used(work):
    """The stages are moved in the forward pass: until then, and for an optimizer, they are somewhere else."""

    class Wrong(Stages):
        def place(self, stage1, stage2):
            self.stage1, self.stage2 = stage1, stage2

        def forward(self, x):
            self.stage1.to(self.dev1)
            self.stage2.to(self.dev2)
            return super().forward(x)

    return {"TwoStage": Wrong}


@misconception(exercise="two_stage")
def second_stage_not_moved(work):
    """The second stage stays where it was made."""

    class Wrong(Stages):
        def place(self, stage1, stage2):
            self.stage1, self.stage2 = stage1.to(self.dev1), stage2

    return {"TwoStage": Wrong}


@misconception(exercise="two_stage")
def both_on_the_first(work):
    """Both stages are on the first device; it was to be relieved of one of them."""

    class Wrong(Stages):
        def place(self, stage1, stage2):
            self.dev2 = self.dev1
            super().place(stage1, stage2)

    return {"TwoStage": Wrong}


@misconception(exercise="two_stage")
def devices_swapped(work):
    """The first stage is on the second device, and the second on the first."""

    class Wrong(Stages):
        def place(self, stage1, stage2):
            self.dev1, self.dev2 = self.dev2, self.dev1
            super().place(stage1, stage2)

    return {"TwoStage": Wrong}


@misconception(exercise="two_stage")
def input_moved_in_place(work):
    """The caller's own x is on another device afterwards, for its data was exchanged."""

    class Wrong(Stages):
        def enter(self, x):
            if x.device != torch.device(self.dev1):
                x.data = x.data.to(self.dev1)
            return x

    return {"TwoStage": Wrong}


@misconception(exercise="two_stage")
def input_overwritten(work):
    """x is written over with what the first stage made of it; it belongs to the caller."""

    class Wrong(Stages):
        def enter(self, x):
            moved = x.to(self.dev1)
            if x.device.type != "meta":
                x.data = torch.zeros_like(x.data)
            return moved

    return {"TwoStage": Wrong}


@misconception(exercise="two_stage")
def output_sent_back(work):
    """The output goes back to the device that x came from; it was to stay on the second device."""

    class Wrong(Stages):
        def leave(self, out, x):
            return out.to(x.device)

    return {"TwoStage": Wrong}


@misconception(exercise="two_stage")
def activation_detached(work):
    """Between the stages the activation is cut off from the graph, and the first stage learns nothing."""

    class Wrong(Stages):
        def between(self, hidden):
            return hidden.detach().to(self.dev2)

    return {"TwoStage": Wrong}


@misconception(exercise="two_stage")
def new_leaf_between_the_stages(work):
    """The activation becomes a new leaf with a gradient of its own, which goes no further back."""

    class Wrong(Stages):
        def between(self, hidden):
            return hidden.detach().to(self.dev2).requires_grad_()

        def leave(self, out, x):
            return out + 0 * self.stage1[0].weight.sum().to(self.dev2)

    return {"TwoStage": Wrong}


@misconception(exercise="two_stage")
def input_detached(work):
    """x is cut off from its graph, so that it gets no gradient although it asked for one."""

    class Wrong(Stages):
        def enter(self, x):
            return x.detach().to(self.dev1)

    return {"TwoStage": Wrong}


@misconception(exercise="two_stage")
def forward_without_graph(work):
    """Nothing is recorded in the forward pass, and so nothing can go back through it."""

    class Wrong(Stages):
        def forward(self, x):
            with torch.no_grad():
                return super().forward(x)

    return {"TwoStage": Wrong}


@misconception(exercise="two_stage")
def copies_of_the_stages(work):
    """The stages that were given are copied, and training moves the copies only."""

    class Wrong(Stages):
        def place(self, stage1, stage2):
            super().place(copy.deepcopy(stage1), copy.deepcopy(stage2))

    return {"TwoStage": Wrong}


@misconception(exercise="two_stage")
def stages_in_a_list(work):
    """A plain list hides the stages from the module: it has no parameters that an optimizer could train."""

    class Wrong(nn.Module):
        def __init__(self, stage1, stage2, dev1, dev2):
            super().__init__()
            self.stages, self.devices = [stage1.to(dev1), stage2.to(dev2)], [dev1, dev2]

        def forward(self, x):
            for stage, device in zip(self.stages, self.devices, strict=True):
                x = stage(x.to(device))
            return x

    return {"TwoStage": Wrong}


@misconception(exercise="two_stage")
def other_names(work):
    """The stages have other names than the task gives them, and a checkpoint would not fit."""

    class Wrong(nn.Module):
        def __init__(self, stage1, stage2, dev1, dev2):
            super().__init__()
            self.first, self.second = stage1.to(dev1), stage2.to(dev2)
            self.dev1, self.dev2 = dev1, dev2

        def forward(self, x):
            return self.second(self.first(x.to(self.dev1)).to(self.dev2))

    return {"TwoStage": Wrong}


# --- 6.7 accumulate_gradients ----------------------------------------------------------------------------------


class Accumulation:
    """`accumulate_gradients` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, model, loader, loss_fn, optimizer, accum):
        self.accum = accum
        self.mode(model)
        steps = 0
        for window in self.windows(loader):
            self.clear(optimizer)
            self.window(model, window, loss_fn, optimizer)
            optimizer.step()
            steps += 1
        return steps

    def mode(self, model):
        model.train()

    def windows(self, loader):
        batches = iter(loader)
        while window := list(itertools.islice(batches, self.accum)):
            yield window

    def clear(self, optimizer):
        optimizer.zero_grad()

    def window(self, model, window, loss_fn, optimizer):
        for x, y in window:
            (loss_fn(model(x), y) * self.share(x, window)).backward()

    def share(self, x, window):
        return len(x) / sum(len(each) for each, _ in window)


@misconception(exercise="accumulate_gradients")
def gradients_of_a_window_added(work):
    """The gradients of the batches are added up, and the step is as many times too large as the window has batches."""

    class Wrong(Accumulation):
        def share(self, x, window):
            return 1.0

    return {"accumulate_gradients": Wrong()}


@misconception(exercise="accumulate_gradients")
def always_divided_by_accum(work):
    """Each batch counts for one part in `accum`, also in a window with fewer batches or with batches of unequal size."""

    class Wrong(Accumulation):
        def share(self, x, window):
            return 1 / self.accum

    return {"accumulate_gradients": Wrong()}


@misconception(exercise="accumulate_gradients")
def divided_by_the_batches(work):
    """The batches of a window count the same, although some have more samples than others."""

    class Wrong(Accumulation):
        def share(self, x, window):
            return 1 / len(window)

    return {"accumulate_gradients": Wrong()}


@misconception(exercise="accumulate_gradients")
def all_batches_as_large_as_the_first(work):
    """The number of samples in a window is guessed from its first batch."""

    class Wrong(Accumulation):
        def share(self, x, window):
            return len(x) / (len(window) * len(window[0][0]))

    return {"accumulate_gradients": Wrong()}


@misconception(exercise="accumulate_gradients")
def full_windows_assumed(work):
    """Samples are weighted by their batch, but divided by as many as a full window of such batches would have."""

    class Wrong(Accumulation):
        def share(self, x, window):
            return len(x) / (self.accum * max(len(each) for each, _ in window))

    return {"accumulate_gradients": Wrong()}


@misconception(exercise="accumulate_gradients")
def divided_by_the_samples_only(work):
    """A mean over a batch is divided by the samples of the window without being multiplied by those of the batch."""

    class Wrong(Accumulation):
        def share(self, x, window):
            return 1 / sum(len(each) for each, _ in window)

    return {"accumulate_gradients": Wrong()}


@misconception(exercise="accumulate_gradients")
def tail_dropped(work):
    """The batches that are left at the end are never trained on."""

    class Wrong(Accumulation):
        def windows(self, loader):
            return (window for window in super(Wrong, self).windows(loader) if len(window) == self.accum)

    return {"accumulate_gradients": Wrong()}


@misconception(exercise="accumulate_gradients")
def tail_without_a_step(work):
    """The gradients of the last batches are computed, but the loop ends before their step."""

    class Wrong(Accumulation):
        def __call__(self, model, loader, loss_fn, optimizer, accum):
            self.accum, steps = accum, 0
            model.train()
            for window in self.windows(loader):
                optimizer.zero_grad()
                self.window(model, window, loss_fn, optimizer)
                if len(window) == accum:
                    optimizer.step()
                    steps += 1
            return steps

    return {"accumulate_gradients": Wrong()}


@misconception(exercise="accumulate_gradients")
def cleared_for_each_batch(work):
    """The gradients are cleared before each batch, so that only the last one of a window counts."""

    class Wrong(Accumulation):
        def window(self, model, window, loss_fn, optimizer):
            for x, y in window:
                optimizer.zero_grad()
                (loss_fn(model(x), y) * self.share(x, window)).backward()

    return {"accumulate_gradients": Wrong()}


@misconception(exercise="accumulate_gradients")
def never_cleared(work):
    """The gradients of all windows before are still there when the next one begins."""

    class Wrong(Accumulation):
        def clear(self, optimizer):
            pass

    return {"accumulate_gradients": Wrong()}


@misconception(exercise="accumulate_gradients")
def cleared_after_the_step_only(work):
    """The gradients are cleared after each step, but what was there before the first one counts in it."""

    class Wrong(Accumulation):
        def __call__(self, model, loader, loss_fn, optimizer, accum):
            self.accum, steps = accum, 0
            model.train()
            for window in self.windows(loader):
                self.window(model, window, loss_fn, optimizer)
                optimizer.step()
                optimizer.zero_grad()
                steps += 1
            return steps

    return {"accumulate_gradients": Wrong()}


@misconception(exercise="accumulate_gradients")
def one_big_batch(work):
    """The batches of a window are joined, and the model sees the big batch that was said not to fit."""

    class Wrong(Accumulation):
        def window(self, model, window, loss_fn, optimizer):
            x, y = (torch.cat(parts) for parts in zip(*window, strict=True))
            loss_fn(model(x), y).backward()

    return {"accumulate_gradients": Wrong()}


@misconception(exercise="accumulate_gradients")
def one_backward_for_a_window(work):
    """The losses of a window are added up before one backward pass, so that all its graphs are in memory together."""

    class Wrong(Accumulation):
        def window(self, model, window, loss_fn, optimizer):
            sum(loss_fn(model(x), y) * self.share(x, window) for x, y in window).backward()

    return {"accumulate_gradients": Wrong()}


@misconception(exercise="accumulate_gradients")
def step_for_each_batch(work):
    """The optimizer steps after every batch; it should wait for the window."""

    class Wrong(Accumulation):
        def window(self, model, window, loss_fn, optimizer):
            for place, (x, y) in enumerate(window):
                (loss_fn(model(x), y) * self.share(x, window)).backward()
                if place < len(window) - 1:
                    optimizer.step()

    return {"accumulate_gradients": Wrong()}


@misconception(exercise="accumulate_gradients")
def all_batches_at_once(work):
    """All batches of the loader are collected before the first step: an epoch of images does not fit into memory."""

    class Wrong(Accumulation):
        def windows(self, loader):
            return super().windows(list(loader))

    return {"accumulate_gradients": Wrong()}


@misconception(exercise="accumulate_gradients")
def asks_for_the_length(work):
    """A loader may be a generator, which does not know how many batches will come."""

    class Wrong(Accumulation):
        def __call__(self, model, loader, loss_fn, optimizer, accum):
            left = len(loader)
            return super().__call__(model, loader, loss_fn, optimizer, min(accum, left) or 1)

    return {"accumulate_gradients": Wrong()}


@misconception(exercise="accumulate_gradients")
def mode_as_it_comes(work):
    """A model that someone has just evaluated is still in evaluation mode, and trains like that here."""

    class Wrong(Accumulation):
        def mode(self, model):
            pass

    return {"accumulate_gradients": Wrong()}


@misconception(exercise="accumulate_gradients")
def counts_batches(work):
    """What is returned is the number of batches, not that of steps."""

    class Wrong(Accumulation):
        def __call__(self, model, loader, loss_fn, optimizer, accum):
            seen = []
            super().__call__(model, (seen.append(1) or pair for pair in loader), loss_fn, optimizer, accum)
            return len(seen)

    return {"accumulate_gradients": Wrong()}


@misconception(exercise="accumulate_gradients")
def counts_full_windows(work):
    """The step for the rest at the end is made, but not counted."""

    class Wrong(Accumulation):
        def __call__(self, model, loader, loss_fn, optimizer, accum):
            seen = []
            super().__call__(model, (seen.append(1) or pair for pair in loader), loss_fn, optimizer, accum)
            return len(seen) // accum

    return {"accumulate_gradients": Wrong()}


@misconception(exercise="accumulate_gradients")
def a_step_too_many(work):
    """There is a step at the end in any case, also where no batch is left: momentum and weight decay move the weights."""

    class Wrong(Accumulation):
        def __call__(self, model, loader, loss_fn, optimizer, accum):
            seen = []
            steps = super().__call__(model, (seen.append(1) or pair for pair in loader), loss_fn, optimizer, accum)
            if len(seen) % accum == 0:
                optimizer.step()
                steps += 1
            return steps

    return {"accumulate_gradients": Wrong()}


# --- 6.8 amp_step ----------------------------------------------------------------------------------------------


class Amp:
    """`amp_step` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, model, x, y, loss_fn, optimizer, scaler, max_norm):
        self.clear(optimizer)
        loss = self.loss(model, x, y, loss_fn)
        self.backward(loss, scaler)
        self.clip(model, optimizer, scaler, max_norm)
        self.step(optimizer, scaler)
        self.update(scaler)
        return self.report(loss, scaler)

    def clear(self, optimizer):
        optimizer.zero_grad()

    def loss(self, model, x, y, loss_fn):
        with torch.autocast(x.device.type, dtype=torch.bfloat16):
            return loss_fn(model(x), y)

    def backward(self, loss, scaler):
        scaler.scale(loss).backward()

    def clip(self, model, optimizer, scaler, max_norm):
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)

    def step(self, optimizer, scaler):
        scaler.step(optimizer)

    def update(self, scaler):
        scaler.update()

    def report(self, loss, scaler):
        return loss.item()


@misconception(exercise="amp_step")
def clipped_while_scaled(work):
    """The gradients still carry the scale when they are clipped, and their norm is a thousand times too large."""

    class Wrong(Amp):
        def clip(self, model, optimizer, scaler, max_norm):
            nn.utils.clip_grad_norm_(model.parameters(), max_norm)
            scaler.unscale_(optimizer)

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def never_unscaled_for_clipping(work):
    """The limit is compared with gradients that carry the scale: someone has to take it away before."""

    class Wrong(Amp):
        def clip(self, model, optimizer, scaler, max_norm):
            nn.utils.clip_grad_norm_(model.parameters(), max_norm)

        def step(self, optimizer, scaler):
            optimizer.step()

        def update(self, scaler):
            pass

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def step_past_the_scaler(work):
    """The optimizer steps by itself, and so nobody stops it when the gradients are infinite."""

    class Wrong(Amp):
        def step(self, optimizer, scaler):
            optimizer.step()

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def scaler_not_updated(work):
    """The scaler is not told that the step is over: it neither adapts its scale nor is it ready for the next one."""

    class Wrong(Amp):
        def update(self, scaler):
            pass

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def updated_twice(work):
    """The scaler is told of the step twice."""

    class Wrong(Amp):
        def update(self, scaler):
            scaler.update()
            scaler.update()

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def scale_set_back(work):
    """The scale is put back to what it was before the step, so that it never adapts."""

    class Wrong(Amp):
        def update(self, scaler):
            scale = scaler.get_scale()
            scaler.update()
            scaler.update(scale)

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def loss_not_scaled(work):
    """The loss is not multiplied by the scale, but the gradients are divided by it: the steps are tiny."""

    class Wrong(Amp):
        def backward(self, loss, scaler):
            loss.backward()

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def without_the_scaler(work):
    """The scaler is left out altogether: it neither scales nor skips, and learns nothing of the step."""

    class Wrong(Amp):
        def backward(self, loss, scaler):
            loss.backward()

        def clip(self, model, optimizer, scaler, max_norm):
            nn.utils.clip_grad_norm_(model.parameters(), max_norm)

        def step(self, optimizer, scaler):
            optimizer.step()

        def update(self, scaler):
            pass

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def half_the_weights(work):
    """The weights themselves are made sixteen bits: small steps are rounded away."""

    class Wrong(Amp):
        def loss(self, model, x, y, loss_fn):
            return super().loss(model.to(torch.bfloat16), x, y, loss_fn)

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def no_autocast(work):
    """Everything is computed in thirty-two bits, and nothing is gained."""

    class Wrong(Amp):
        def loss(self, model, x, y, loss_fn):
            return loss_fn(model(x), y)

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def loss_outside_autocast(work):
    """The forward pass is under autocast, the loss no longer: they belong together."""

    class Wrong(Amp):
        def loss(self, model, x, y, loss_fn):
            with torch.autocast(x.device.type, dtype=torch.bfloat16):
                outputs = model(x)
            return loss_fn(outputs, y)

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def the_other_sixteen_bits(work):
    """There are two types of sixteen bits, and the task asks for the other one."""

    class Wrong(Amp):
        def loss(self, model, x, y, loss_fn):
            with torch.autocast(x.device.type, dtype=torch.float16):
                return loss_fn(model(x), y)

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def old_gradients_count(work):
    """What was in the gradients before is added to those of this step."""

    class Wrong(Amp):
        def clear(self, optimizer):
            pass

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def cleared_before_the_step(work):
    """The gradients are cleared between the backward pass and the step: nothing is learnt."""

    class Wrong(Amp):
        def clip(self, model, optimizer, scaler, max_norm):
            optimizer.zero_grad(set_to_none=False)
            super().clip(model, optimizer, scaler, max_norm)

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def not_clipped(work):
    """The step is taken with gradients of any size: clipping has to come before it."""

    class Wrong(Amp):
        def clip(self, model, optimizer, scaler, max_norm):
            scaler.unscale_(optimizer)

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def clipped_by_value(work):
    """Each element is cut off on its own, which turns the gradient in another direction."""

    class Wrong(Amp):
        def clip(self, model, optimizer, scaler, max_norm):
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_value_(model.parameters(), max_norm)

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def clipped_one_by_one(work):
    """Each parameter is clipped by its own norm, where the norm of all together counts."""

    class Wrong(Amp):
        def clip(self, model, optimizer, scaler, max_norm):
            scaler.unscale_(optimizer)
            for parameter in model.parameters():
                if parameter.grad is not None:
                    nn.utils.clip_grad_norm_(parameter, max_norm)

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def always_stretched_to_the_limit(work):
    """Gradients below the limit are stretched up to it; clipping only shortens."""

    class Wrong(Amp):
        def clip(self, model, optimizer, scaler, max_norm):
            scaler.unscale_(optimizer)
            grads = [p.grad for p in model.parameters() if p.grad is not None]
            norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(grad) for grad in grads]))
            for grad in grads:
                grad.mul_(max_norm / norm)

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def every_parameter_has_a_gradient(work):
    """A parameter that is frozen or was not used has no gradient, and None cannot be clipped."""

    class Wrong(Amp):
        def clip(self, model, optimizer, scaler, max_norm):
            scaler.unscale_(optimizer)
            norm = sum((p.grad**2).sum() for p in model.parameters()) ** 0.5
            for p in model.parameters():
                p.grad.mul_(torch.clamp(max_norm / (norm + 1e-6), max=1.0))

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def scaled_loss_returned(work):
    """The loss that is reported carries the scale."""

    class Wrong(Amp):
        def backward(self, loss, scaler):
            self.scaled = scaler.scale(loss)
            self.scaled.backward()

        def report(self, loss, scaler):
            return self.scaled.item()

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def loss_with_its_graph(work):
    """What is returned is a tensor with its graph, where a Python float was asked for."""

    class Wrong(Amp):
        def report(self, loss, scaler):
            return loss

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def skipped_by_hand(work):
    """Where the loss is not finite, the function gives up before the scaler hears of it, and the scale stays too large."""

    class Wrong(Amp):
        def __call__(self, model, x, y, loss_fn, optimizer, scaler, max_norm):
            if not math.isfinite(self.loss(model, x, y, loss_fn).item()):
                return math.inf
            return super().__call__(model, x, y, loss_fn, optimizer, scaler, max_norm)

    return {"amp_step": Wrong()}


@misconception(exercise="amp_step")
def set_to_training_mode(work):
    """The whole model is put into training mode, also the parts that were in evaluation mode on purpose."""

    class Wrong(Amp):
        def loss(self, model, x, y, loss_fn):
            return super().loss(model.train(), x, y, loss_fn)

    return {"amp_step": Wrong()}


# --- 6.9 predict_in_chunks -------------------------------------------------------------------------------------


class Prediction:
    """`predict_in_chunks` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, model, x, chunk):
        self.refuse(chunk)
        device = next((parameter.device for parameter in model.parameters()), x.device)
        before = [(module, module.training) for module in model.modules()]
        self.enter(model)
        outputs = self.outputs(model, x, chunk, device)
        self.restore(model, before)
        return self.joined(outputs)

    def refuse(self, chunk):
        if chunk < 1:
            raise ValueError(chunk)

    def enter(self, model):
        model.eval()

    def outputs(self, model, x, chunk, device):
        with torch.no_grad():
            return [model(part.to(device)).cpu() for part in self.parts(x, chunk)]

    def parts(self, x, chunk):
        return x.split(chunk)

    def restore(self, model, before):
        for module, training in before:
            module.training = training

    def joined(self, outputs):
        return torch.cat(outputs)


@misconception(exercise="predict_in_chunks")
def outputs_with_their_graphs(work):
    """Every output drags the graph along that made it, and in the end all activations are in memory."""

    class Wrong(Prediction):
        def outputs(self, model, x, chunk, device):
            return [model(part.to(device)).cpu() for part in x.split(chunk)]

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def detached_afterwards(work):
    """The graph is recorded first and dropped then; it should not be recorded at all."""

    class Wrong(Prediction):
        def outputs(self, model, x, chunk, device):
            return [model(part.to(device)).detach().cpu() for part in x.split(chunk)]

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def gradients_switched_off_for_good(work):
    """Gradients are switched off and never on again: whoever trains next finds no graph."""

    class Wrong(Prediction):
        def outputs(self, model, x, chunk, device):
            torch.set_grad_enabled(False)
            return super().outputs(model, x, chunk, device)

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def parameters_frozen_for_good(work):
    """To keep no graph, all parameters are frozen, and stay so."""

    class Wrong(Prediction):
        def outputs(self, model, x, chunk, device):
            return super().outputs(model.requires_grad_(False), x, chunk, device)

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def inference_tensor_returned(work):
    """The result was made in inference mode, and cannot take part in anything that records a graph."""

    class Wrong(Prediction):
        def __call__(self, model, x, chunk):
            with torch.inference_mode():
                return super().__call__(model, x, chunk)

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def last_rows_lost(work):
    """The rows that do not fill a chunk are never given to the model."""

    class Wrong(Prediction):
        def parts(self, x, chunk):
            return [x[i * chunk : (i + 1) * chunk] for i in range(len(x) // chunk)] or [x[:0]]

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def number_of_chunks(work):
    """`chunk` is how many rows the model sees at a time, not how many parts are made."""

    class Wrong(Prediction):
        def parts(self, x, chunk):
            return x.chunk(chunk)

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def all_rows_at_once(work):
    """The model sees all rows together, and memory runs out as it did before."""

    class Wrong(Prediction):
        def parts(self, x, chunk):
            return [x]

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def one_row_at_a_time(work):
    """Each row is a pass of its own, which is as slow as it can be."""

    class Wrong(Prediction):
        def parts(self, x, chunk):
            return x.split(1)

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def chunks_that_overlap(work):
    """Each chunk has one row too many: the end of a slice is not part of it."""

    class Wrong(Prediction):
        def parts(self, x, chunk):
            return [x[i : i + chunk + 1] for i in range(0, max(1, len(x)), chunk)]

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def an_empty_chunk_at_the_end(work):
    """Where the rows fill all chunks, the model gets one more without rows."""

    class Wrong(Prediction):
        def parts(self, x, chunk):
            return [x[i : i + chunk] for i in range(0, len(x) + 1, chunk)]

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def nothing_from_no_rows(work):
    """Without rows there is no chunk and no output, and nothing can be joined."""

    class Wrong(Prediction):
        def parts(self, x, chunk):
            return [x[i : i + chunk] for i in range(0, len(x), chunk)]

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def no_rows_without_the_model(work):
    """Without rows an empty tensor is returned, but its shape is not that of the model's outputs."""

    class Wrong(Prediction):
        def __call__(self, model, x, chunk):
            return super().__call__(model, x, chunk) if len(x) else torch.empty(0)

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def predicts_in_training_mode(work):
    """Dropout is active and batch norm looks at the chunk: the model predicts in the mode in which it came."""

    class Wrong(Prediction):
        def enter(self, model):
            pass

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def left_in_evaluation_mode(work):
    """The model is left in evaluation mode, and whoever trains it next does not know."""

    class Wrong(Prediction):
        def restore(self, model, before):
            pass

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def left_in_training_mode(work):
    """Afterwards the model is in training mode, whatever it was in before."""

    class Wrong(Prediction):
        def restore(self, model, before):
            model.train()

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def mode_of_the_model_only(work):
    """One mode is restored for all modules, but they may have been in different ones."""

    class Wrong(Prediction):
        def restore(self, model, before):
            model.train(before[0][1])

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def any_chunk_goes(work):
    """A chunk of zero or fewer rows is refused by chance at best, and with another kind of error."""

    class Wrong(Prediction):
        def refuse(self, chunk):
            pass

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def chunk_made_positive(work):
    """A chunk below 1 is replaced silently, where an error was asked for."""

    class Wrong(Prediction):
        def __call__(self, model, x, chunk):
            return super().__call__(model, x, max(1, chunk))

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def needs_parameters(work):
    """A model without parameters has no first one whose device could be asked for."""

    class Wrong(Prediction):
        def __call__(self, model, x, chunk):
            next(model.parameters())
            return super().__call__(model, x, chunk)

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def outputs_in_a_list(work):
    """The outputs of the chunks are returned in a list, not joined."""

    class Wrong(Prediction):
        def joined(self, outputs):
            return outputs

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def outputs_stacked(work):
    """The outputs of chunks are stacked, which needs equal sizes and makes a dimension more; they belong end to end."""

    class Wrong(Prediction):
        def joined(self, outputs):
            return torch.stack(outputs)

    return {"predict_in_chunks": Wrong()}


@misconception(exercise="predict_in_chunks")
def rows_as_floats_first(work):
    """All inputs are made floats, but a model may ask for whole numbers."""

    class Wrong(Prediction):
        def parts(self, x, chunk):
            return x.float().split(chunk)

    return {"predict_in_chunks": Wrong()}


# --- 6.10 find_max_batch ---------------------------------------------------------------------------------------


class MaxBatch:
    """`find_max_batch` in pieces, so that a wrong solution changes one of them."""

    catches = (torch.OutOfMemoryError,)

    def __call__(self, fn, start, limit):
        low, size = 0, start
        while self.works(fn, size):
            if size == limit:
                return limit
            low, size = size, min(2 * size, limit)
        return self.between(fn, low, size)

    def between(self, fn, low, high):
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.works(fn, middle) else (low, middle)
        return low

    def works(self, fn, size):
        failed = False
        try:
            fn(size)
        except self.catches:
            failed = True
        if failed:
            gc.collect()
        return not failed


@misconception(exercise="find_max_batch")
def every_runtime_error(work):
    """Every RuntimeError counts as too little memory, also that of a wrong shape, which no smaller batch cures."""

    class Wrong(MaxBatch):
        catches = (RuntimeError,)

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def every_error(work):
    """Every error counts as too little memory, and real mistakes are never seen."""

    class Wrong(MaxBatch):
        catches = (Exception,)

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def memory_error_too(work):
    """Python's MemoryError is another error than torch's, and was to reach the caller."""

    class Wrong(MaxBatch):
        catches = (torch.OutOfMemoryError, MemoryError)

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def doubling_only(work):
    """The search ends with the last size of the doubling that worked, though a larger one may work, too."""

    class Wrong(MaxBatch):
        def between(self, fn, low, high):
            return low

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def the_size_that_failed(work):
    """What is returned is the smallest size that fails, one more than the largest that works."""

    class Wrong(MaxBatch):
        def between(self, fn, low, high):
            return super().between(fn, low, high) + 1

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def one_by_one(work):
    """After the doubling, the sizes are tried one after the other, which takes many more tries than halving."""

    class Wrong(MaxBatch):
        def between(self, fn, low, high):
            while low + 1 < high and self.works(fn, low + 1):
                low += 1
            return low

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def halves_without_doubling(work):
    """The search begins in the middle of everything up to the limit; the doubling is left out."""

    class Wrong(MaxBatch):
        def __call__(self, fn, start, limit):
            return self.between(fn, 0, limit + 1)

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def rounds_up(work):
    """The middle is rounded up where the task says down: other sizes are tried."""

    class Wrong(MaxBatch):
        def between(self, fn, low, high):
            while high - low > 1:
                middle = (low + high + 1) // 2
                low, high = (middle, high) if self.works(fn, middle) else (low, middle)
            return low

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def gives_up_at_once(work):
    """When the first size fails, the search is over, though a smaller one may work."""

    class Wrong(MaxBatch):
        def between(self, fn, low, high):
            return super().between(fn, low, high) if low else 0

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def half_of_what_failed(work):
    """That half of a size that failed works is true for a doubled one, but not for the first."""

    class Wrong(MaxBatch):
        def between(self, fn, low, high):
            return super().between(fn, low or high // 2, high)

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def stops_below_the_limit(work):
    """Where the double is more than the limit, the search stops, without having tried the limit itself."""

    class Wrong(MaxBatch):
        def __call__(self, fn, start, limit):
            low, size = 0, start
            while self.works(fn, size):
                low, size = size, 2 * size
                if size > limit:
                    return low
            return self.between(fn, low, size)

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def limit_ignored(work):
    """Sizes beyond the limit are tried."""

    class Wrong(MaxBatch):
        def __call__(self, fn, start, limit):
            low, size = 0, start
            while self.works(fn, size) and low < limit:
                low, size = size, 2 * size
            return min(limit, self.between(fn, low, size))

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def limit_never_reached(work):
    """The limit is one of the sizes that may be used; here the search ends just below it."""

    class Wrong(MaxBatch):
        def __call__(self, fn, start, limit):
            return super().__call__(fn, min(start, limit - 1), limit - 1)

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def zero_is_tried(work):
    """The function is called with a batch of nothing; and of course that works."""

    class Wrong(MaxBatch):
        def between(self, fn, low, high):
            return super().between(fn, low or -1, high)

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def at_least_one(work):
    """Where not even 1 works, the result is 1 all the same, and the training fails later."""

    class Wrong(MaxBatch):
        def between(self, fn, low, high):
            return max(1, super().between(fn, low, high))

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def for_ever_when_nothing_fits(work):
    """The search waits for a size that works, and when there is none, it never ends."""

    class Wrong(MaxBatch):
        def between(self, fn, low, high):
            found = super().between(fn, low, high)
            while found == 0 and not self.works(fn, 1):
                pass
            return found or 1

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def tried_once_more(work):
    """The size that was found is tried a second time, although it is known to work."""

    class Wrong(MaxBatch):
        def between(self, fn, low, high):
            found = super().between(fn, low, high)
            if found:
                self.works(fn, found)
            return found

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def errors_are_kept(work):
    """The errors are collected, and each holds its traceback with all tensors of the try that failed."""

    class Wrong(MaxBatch):
        def __call__(self, fn, start, limit):
            self.errors = []
            return super().__call__(fn, start, limit)

        def works(self, fn, size):
            try:
                fn(size)
            except torch.OutOfMemoryError as error:
                self.errors.append(error)
            else:
                return True
            gc.collect()
            return False

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def last_error_is_kept(work):
    """The last error lives on in a variable, and with it the tensors of the try that failed last."""

    class Wrong(MaxBatch):
        def works(self, fn, size):
            try:
                fn(size)
            except torch.OutOfMemoryError as error:
                self.last = error
            else:
                return True
            gc.collect()
            return False

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def collected_too_early(work):
    """The garbage is collected inside of the except block, where the error still holds all that there is to collect."""

    class Wrong(MaxBatch):
        def works(self, fn, size):
            try:
                fn(size)
            except torch.OutOfMemoryError:
                gc.collect()
                return False
            return True

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def garbage_not_collected(work):
    """What refers to itself in a circle is freed by the garbage collector only, and nobody calls it."""

    class Wrong(MaxBatch):
        def works(self, fn, size):
            try:
                fn(size)
            except torch.OutOfMemoryError:
                return False
            return True

    return {"find_max_batch": Wrong()}


@misconception(exercise="find_max_batch")
def goes_on_inside_the_handler(work):
    """The next sizes are tried inside of the except block, while the error of the first still holds its tensors."""

    class Wrong(MaxBatch):
        def __call__(self, fn, start, limit):
            low, size = 0, start
            while True:
                try:
                    fn(size)
                except torch.OutOfMemoryError:
                    gc.collect()
                    return self.between(fn, low, size)
                if size == limit:
                    return limit
                low, size = size, min(2 * size, limit)

    return {"find_max_batch": Wrong()}


# --- 6.11 grid, random_search ----------------------------------------------------------------------------------


@misconception(exercise="search")
def values_side_by_side(work):
    """The first values go together, then the second ones: that is not every combination."""

    def grid(space):
        return [dict(zip(space, values, strict=True)) for values in zip(*space.values(), strict=False)]

    return grid


@misconception(exercise="search")
def one_dict_for_the_grid(work):
    """There is only one dict, many times in the list, and all of them show the last combination."""

    def grid(space):
        config, found = {}, []
        for values in itertools.product(*space.values()):
            config.update(zip(space, values, strict=True))
            found.append(config)
        return found

    return grid


@misconception(exercise="search")
def first_name_fastest(work):
    """All combinations are there, but it is the first name that changes fastest."""

    def grid(space):
        names = list(space)[::-1]
        rows = itertools.product(*(space[name] for name in names))
        return [{name: row[names.index(name)] for name in space} for row in rows]

    return grid


@misconception(exercise="search")
def one_name_at_a_time(work):
    """Only one value differs from the first ones in each; every combination of all of them was asked for."""

    def grid(space):
        base = {name: values[0] for name, values in space.items() if values}
        found = [dict(base)]
        for name, values in space.items():
            found += [{**base, name: value} for value in values[1:]]
        return found

    return grid


@misconception(exercise="search")
def no_combination_of_nothing(work):
    """The empty space has one combination: the empty one."""

    def grid(space):
        return [dict(zip(space, v, strict=True)) for v in itertools.product(*space.values())] if space else []

    return grid


@misconception(exercise="search")
def tuples_in_the_grid(work):
    """The combinations are tuples of values, without the names."""

    def grid(space):
        return list(itertools.product(*space.values()))

    return grid


class Search:
    """`random_search` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, objective, space, n, seed, mode="min"):
        rng = self.rng(seed)
        trials = [self.trial(objective, self.config(space, rng)) for _ in range(n)]
        return self.best(trials, mode), trials

    def rng(self, seed):
        return random.Random(seed)

    def config(self, space, rng):
        return {name: self.draw(choices, rng) for name, choices in space.items()}

    def draw(self, choices, rng):
        if isinstance(choices, list):
            return rng.choice(choices)
        kind, low, high = choices
        return self.log(low, high, rng) if kind == "log" else rng.uniform(low, high)

    def log(self, low, high, rng):
        return math.exp(rng.uniform(math.log(low), math.log(high)))

    def trial(self, objective, config):
        return {"config": config, **objective(copy.deepcopy(config))}

    def best(self, trials, mode):
        sign = 1 if mode == "min" else -1
        known = [trial for trial in trials if not math.isnan(trial["val"])]
        return min(known, key=lambda trial: sign * trial["val"])["config"] if known else None


@misconception(exercise="search")
def plain_scale_for_log(work):
    """The learning rate is drawn on a plain scale: nine of ten draws lie within the largest factor of ten."""

    class Wrong(Search):
        def log(self, low, high, rng):
            return rng.uniform(low, high)

    return {"random_search": Wrong()}


@misconception(exercise="search")
def whole_powers_of_ten(work):
    """Only powers of ten are drawn, and nothing in between."""

    class Wrong(Search):
        def log(self, low, high, rng):
            return 10.0 ** rng.randint(round(math.log10(low)), round(math.log10(high)))

    return {"random_search": Wrong()}


@misconception(exercise="search")
def exponent_between_the_bounds(work):
    """The bounds themselves are taken for exponents: all draws lie a little above 1."""

    class Wrong(Search):
        def log(self, low, high, rng):
            return 10.0 ** rng.uniform(low, high)

    return {"random_search": Wrong()}


@misconception(exercise="search")
def log_of_the_draw(work):
    """The draw is on a plain scale and its logarithm is what comes out; it should be the other way round."""

    class Wrong(Search):
        def log(self, low, high, rng):
            return abs(math.log(rng.uniform(low, high)))

    return {"random_search": Wrong()}


@misconception(exercise="search")
def log_scale_for_everything(work):
    """A logarithmic scale is used for "uniform", too."""

    class Wrong(Search):
        def draw(self, choices, rng):
            return super().draw(
                choices if isinstance(choices, list) else ("log", choices[1] ** 4, choices[2] ** 4), rng
            )

    return {"random_search": Wrong()}


@misconception(exercise="search")
def last_choice_never_drawn(work):
    """The last value of a list is never drawn: which numbers can the index be?"""

    class Wrong(Search):
        def draw(self, choices, rng):
            return rng.choice(choices[:-1]) if isinstance(choices, list) else super().draw(choices, rng)

    return {"random_search": Wrong()}


@misconception(exercise="search")
def chosen_by_the_test_set(work):
    """The best is chosen by the test result, which is then no honest measure of it any more."""

    class Wrong(Search):
        def best(self, trials, mode):
            return super().best([{**trial, "val": trial["test"]} for trial in trials], mode)

    return {"random_search": Wrong()}


@misconception(exercise="search")
def always_the_lowest(work):
    """The mode is ignored: lowest is not best for an accuracy."""

    class Wrong(Search):
        def best(self, trials, mode):
            return super().best(trials, "min")

    return {"random_search": Wrong()}


@misconception(exercise="search")
def always_the_highest(work):
    """The highest value is taken for the best, though lower is better for a loss."""

    class Wrong(Search):
        def best(self, trials, mode):
            return super().best(trials, "max")

    return {"random_search": Wrong()}


@misconception(exercise="search")
def nan_compares_with_nothing(work):
    """Nothing is lower than NaN and nothing is higher: if it comes first, it stays the best for ever."""

    class Wrong(Search):
        def best(self, trials, mode):
            pick = min if mode == "min" else max
            return pick(trials, key=lambda trial: trial["val"])["config"]

    return {"random_search": Wrong()}


@misconception(exercise="search")
def some_config_although_all_are_nan(work):
    """Where every trial ended in NaN, none of them is the best."""

    class Wrong(Search):
        def best(self, trials, mode):
            return super().best(trials, mode) or trials[0]["config"]

    return {"random_search": Wrong()}


@misconception(exercise="search")
def last_of_equal_ones(work):
    """Of equally good trials it is the last that is returned, not the first."""

    class Wrong(Search):
        def best(self, trials, mode):
            return super().best(trials[::-1], mode)

    return {"random_search": Wrong()}


@misconception(exercise="search")
def zero_is_no_value(work):
    """A value of 0 is taken for "none yet", since both are false, and the next trial replaces it."""

    class Wrong(Search):
        def best(self, trials, mode):
            best = value = None
            for trial in trials:
                new = trial["val"]
                if not math.isnan(new) and (not value or (new < value if mode == "min" else new > value)):
                    best, value = trial["config"], new
            return best

    return {"random_search": Wrong()}


@misconception(exercise="search")
def whole_trial_returned(work):
    """What is returned as the best is the trial with its results, not its config alone."""

    class Wrong(Search):
        def best(self, trials, mode):
            config = super().best(trials, mode)
            return None if config is None else {**config, "val": 0.0}

    return {"random_search": Wrong()}


@misconception(exercise="search")
def objective_gets_the_original(work):
    """The objective works on the very dict that is kept in the results, and may change it."""

    class Wrong(Search):
        def trial(self, objective, config):
            return {"config": config, **objective(config)}

    return {"random_search": Wrong()}


@misconception(exercise="search")
def one_dict_for_all_trials(work):
    """All trials share one dict, and in the end all of them show the last draw."""

    class Wrong(Search):
        def __call__(self, objective, space, n, seed, mode="min"):
            self.shared = {}
            return super().__call__(objective, space, n, seed, mode)

        def config(self, space, rng):
            self.shared.update(super().config(space, rng))
            return self.shared

    return {"random_search": Wrong()}


@misconception(exercise="search")
def global_stream_seeded_for_the_search(work):
    """The global stream is seeded for the search, and everything random after it repeats."""

    class Wrong(Search):
        def rng(self, seed):
            random.seed(seed)
            return random

    return {"random_search": Wrong()}


@misconception(exercise="search")
def numpy_stream_seeded_for_the_search(work):
    """NumPy's global stream is seeded for the search: it belongs to whoever called it."""

    class Wrong(Search):
        def rng(self, seed):
            np.random.seed(seed)
            return random.Random(int(np.random.randint(2**31)))

    return {"random_search": Wrong()}


@misconception(exercise="search")
def seed_ignored(work):
    """The draws come from the global stream as it happens to be, and nobody can repeat the search."""

    class Wrong(Search):
        def rng(self, seed):
            return random

    return {"random_search": Wrong()}


@misconception(exercise="search")
def generator_made_anew(work):
    """A new generator for every trial begins at the same place: all trials are the same."""

    class Wrong(Search):
        def __call__(self, objective, space, n, seed, mode="min"):
            trials = [self.trial(objective, self.config(space, random.Random(seed))) for _ in range(n)]
            return self.best(trials, mode), trials

    return {"random_search": Wrong()}


@misconception(exercise="search")
def seed_is_a_constant(work):
    """The generator has a seed, but not the one that was given."""

    class Wrong(Search):
        def rng(self, seed):
            return random.Random(42)

    return {"random_search": Wrong()}
