"""Different but right solutions of hw6: each must get full marks."""

from __future__ import annotations

import gc
import math
import random
from collections import deque
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from itertools import product
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from torch.utils.data import BatchSampler, DataLoader, DistributedSampler

from grader.authoring import alternative

# --- 6.1 shard_indices -----------------------------------------------------------------------------------------


@alternative(exercise="shard_indices")
def by_positions(work):
    """Each rank computes its positions in the order and takes them modulo n."""

    def shard_indices(n, world, rank, epoch, seed, shuffle, drop_last):
        if rank not in range(world):
            raise ValueError("no such rank")
        generator = torch.Generator()
        generator.manual_seed(seed + epoch)
        order = torch.randperm(n, generator=generator) if shuffle else torch.arange(n)
        each = n // world if drop_last else -(-n // world)
        return [int(order[(rank + i * world) % n]) for i in range(each)]

    return shard_indices


@alternative(exercise="shard_indices")
def by_a_table(work):
    """The order is repeated, cut and reshaped to a table, of which a rank takes its column."""

    def shard_indices(n, world, rank, epoch, seed, shuffle, drop_last):
        if rank < 0 or rank >= world:
            raise ValueError(f"rank should be in [0, {world - 1}]")
        g = torch.Generator().manual_seed(seed + epoch)
        order = torch.randperm(n, generator=g) if shuffle else torch.tensor(range(n))
        rows = math.floor(n / world) if drop_last else math.ceil(n / world)
        repeated = order.repeat(math.ceil(rows * world / n))
        return repeated[: rows * world].reshape(rows, world)[:, rank].tolist()

    return shard_indices


@alternative(exercise="shard_indices")
def appended_while_too_short(work):
    """The list grows by copies of its beginning until it is long enough."""

    def shard_indices(n, world, rank, epoch, seed, shuffle, drop_last):
        if not rank < world or rank < 0:
            raise ValueError(rank, world)
        indices = [*range(n)]
        if shuffle:
            indices = list(map(int, torch.randperm(n, generator=torch.Generator().manual_seed(seed + epoch))))
        if drop_last:
            indices = indices[: n - n % world]
        else:
            first = list(indices)
            while len(indices) % world:
                missing = world - len(indices) % world
                indices += first[:missing]
        return indices[rank : len(indices) : world]

    return shard_indices


# --- 6.2 broadcast_parameters, sync_gradients ------------------------------------------------------------------


@alternative(exercise="sync")
def flattened_into_one_tensor(work):
    """Parameters go in one long vector, gradients in another, with a flag for each behind them."""

    def broadcast_parameters(model):
        vector = parameters_to_vector(model.parameters()).detach()
        dist.broadcast(vector, 0)
        with torch.no_grad():
            start = 0
            for parameter in model.parameters():
                parameter.copy_(vector[start : start + parameter.numel()].view_as(parameter))
                start += parameter.numel()
        for buffer in model.buffers():
            dist.broadcast(buffer, 0)

    def sync_gradients(model):
        trained = [p for p in model.parameters() if p.requires_grad]
        pieces = [torch.zeros(p.numel()) if p.grad is None else p.grad.flatten() for p in trained]
        flags = torch.tensor([0.0 if p.grad is None else 1.0 for p in trained])
        flat = torch.cat([*pieces, flags])
        dist.all_reduce(flat)
        start = 0
        for p, flag in zip(trained, flat[-len(trained) :].tolist(), strict=True):
            if flag > 0:
                p.grad = (flat[start : start + p.numel()] / dist.get_world_size()).view_as(p)
            start += p.numel()

    return broadcast_parameters, sync_gradients


@alternative(exercise="sync")
def by_state_dict_and_gathering(work):
    """The state_dict's tensors are broadcast; gradients are gathered from all ranks and averaged by each."""

    def broadcast_parameters(model):
        for _, tensor in sorted(model.state_dict().items()):
            dist.broadcast(tensor, src=0)

    def sync_gradients(model):
        world = dist.get_world_size()
        for parameter in filter(lambda p: p.requires_grad, model.parameters()):
            has = torch.tensor([float(parameter.grad is not None)])
            dist.all_reduce(has, op=dist.ReduceOp.MAX)
            if not has.item():
                continue
            own = parameter.grad if parameter.grad is not None else torch.zeros_like(parameter)
            everyone = [torch.empty_like(own) for _ in range(world)]
            dist.all_gather(everyone, own.contiguous())
            parameter.grad = torch.stack(everyone).mean(dim=0)

    return broadcast_parameters, sync_gradients


@alternative(exercise="sync")
def divided_first_and_started_early(work):
    """Gradients are divided before they are summed, all sums run at once and are waited for; flags go as an object."""

    def broadcast_parameters(model):
        for p in model.parameters():
            received = p.detach().clone()
            dist.broadcast(received, src=0)
            p.data.copy_(received)
        for b in model.buffers():
            dist.broadcast(b.data, src=0)

    def sync_gradients(model):
        names = [name for name, p in model.named_parameters() if p.grad is not None and p.requires_grad]
        everyone = [None] * dist.get_world_size()
        dist.all_gather_object(everyone, names)
        somewhere = set().union(*everyone)
        waiting = []
        for name, p in model.named_parameters():
            if name in somewhere:
                if p.grad is None:
                    p.grad = p.new_zeros(p.shape)
                p.grad.div_(len(everyone))
                waiting.append(dist.all_reduce(p.grad, async_op=True))
        for work_item in waiting:
            work_item.wait()

    return broadcast_parameters, sync_gradients


# --- 6.3 distributed_mean, gather_samples ----------------------------------------------------------------------


@alternative(exercise="global_metrics")
def objects_gathered(work):
    """Python objects are gathered instead of tensors; the rows take turns in a loop."""

    def distributed_mean(total, count):
        pairs = [None] * dist.get_world_size()
        dist.all_gather_object(pairs, (float(total), int(count)))
        samples = sum(n for _, n in pairs)
        return math.fsum(t for t, _ in pairs) / samples if samples > 0 else float("nan")

    def gather_samples(local, length):
        parts = [None] * dist.get_world_size()
        dist.all_gather_object(parts, local.tolist())
        rows = [parts[i % len(parts)][i // len(parts)] for i in range(length)]
        return torch.tensor(rows, dtype=local.dtype)

    return distributed_mean, gather_samples


@alternative(exercise="global_metrics")
def two_sums_and_a_scatter(work):
    """Total and count are summed on their own; each rank writes its rows into a table of zeros that is summed up."""

    def distributed_mean(total, count):
        total = torch.as_tensor(total).detach().to(torch.float64).clone()
        count = torch.tensor(count)
        dist.all_reduce(total)
        dist.all_reduce(count)
        return (total / count).item()

    def gather_samples(local, length):
        world, rank = dist.get_world_size(), dist.get_rank()
        table = local.new_zeros((len(local) * world, *local.shape[1:]))
        table[rank::world] = local
        dist.all_reduce(table)
        return table[:length].clone()

    return distributed_mean, gather_samples


@alternative(exercise="global_metrics")
def weighted_means(work):
    """Each mean is weighted by the rank's share of the samples; rows are transposed between ranks and places."""

    def distributed_mean(total, count):
        samples = torch.tensor(float(count), dtype=torch.float64)
        dist.all_reduce(samples)
        if samples == 0:
            return math.nan
        part = torch.tensor([float(total)], dtype=torch.float64) / samples
        dist.all_reduce(part, op=dist.ReduceOp.SUM)
        return float(part)

    def gather_samples(local, length):
        everyone = [local.clone() for _ in range(dist.get_world_size())]
        dist.all_gather(everyone, local)
        return torch.stack(everyone).transpose(0, 1).reshape(-1, *local.shape[1:])[:length]

    return distributed_mean, gather_samples


# --- 6.4 ddp_train ---------------------------------------------------------------------------------------------


@alternative(exercise="ddp_train")
def batches_listed_and_counted(work):
    """All batches of an epoch are listed; a context stack enters no_sync; sums are reduced one by one."""

    def ddp_train(rank, world, init_file, make_model, dataset, loss_fn, epochs, batch_size, lr, accum, seed, path):
        dist.init_process_group(backend="gloo", init_method="file://" + str(init_file), world_size=world, rank=rank)
        model = make_model()
        ddp = DistributedDataParallel(model)
        ddp.train()
        opt = torch.optim.SGD(ddp.parameters(), lr)
        sampler = DistributedSampler(dataset, world, rank, seed=seed)
        history = []
        for epoch in range(epochs):
            sampler.set_epoch(epoch)
            batches = list(DataLoader(dataset, batch_size, sampler=sampler))
            total, count = 0.0, 0
            for i, (x, y) in enumerate(batches):
                first = i - i % accum
                size = min(accum, len(batches) - first)
                with ExitStack() as stack:
                    if i + 1 < first + size:
                        stack.enter_context(ddp.no_sync())
                    loss = loss_fn(ddp(x), y)
                    loss.div(size).backward()
                total, count = total + float(loss) * x.size(0), count + x.size(0)
                if i + 1 == first + size:
                    opt.step()
                    opt.zero_grad()
            total, count = torch.tensor(total, dtype=torch.float64), torch.tensor(count)
            dist.all_reduce(total)
            dist.all_reduce(count)
            history.append(float(total / count))
        dist.barrier()
        if dist.get_rank() == 0:
            torch.save({name.removeprefix("module."): value for name, value in ddp.state_dict().items()}, str(path))
        dist.barrier()
        dist.destroy_process_group()
        return history, model

    return ddp_train


@alternative(exercise="ddp_train")
def a_store_and_a_batch_sampler(work):
    """The ranks meet by a FileStore, batches come from a BatchSampler, losses are gathered as objects."""

    def ddp_train(rank, world, init_file, make_model, dataset, loss_fn, epochs, batch_size, lr, accum, seed, path):
        dist.init_process_group("gloo", store=dist.FileStore(str(init_file), world), rank=rank, world_size=world)
        try:
            inner = make_model()
            model = DistributedDataParallel(inner, broadcast_buffers=False)
            optimizer = torch.optim.SGD([{"params": model.parameters(), "lr": lr}])
            sampler = DistributedSampler(dataset, num_replicas=world, rank=rank, seed=seed, drop_last=False)
            loader = DataLoader(dataset, batch_sampler=BatchSampler(sampler, batch_size, drop_last=False))
            history = []
            for epoch in range(epochs):
                sampler.set_epoch(epoch)
                losses, left = [], len(loader)
                optimizer.zero_grad(set_to_none=False)
                in_window = min(accum, left)
                done = 0
                for x, y in loader:
                    done += 1
                    if done < in_window:
                        with model.no_sync():
                            loss = loss_fn(model(x), y)
                            (loss * (1 / in_window)).backward()
                    else:
                        loss = loss_fn(model(x), y)
                        (loss * (1 / in_window)).backward()
                        optimizer.step()
                        optimizer.zero_grad(set_to_none=False)
                        left -= done
                        done, in_window = 0, min(accum, left)
                    losses += [loss.item()] * len(y)
                everyone = [None] * world
                dist.all_gather_object(everyone, losses)
                history.append(float(np.mean(np.concatenate(everyone))))
            if rank == 0:
                with Path(path).open("wb") as file:
                    torch.save(inner.state_dict(), file)
            dist.barrier()
        finally:
            dist.destroy_process_group()
        return history, inner

    return ddp_train


@alternative(exercise="ddp_train")
def averaged_by_hand(work):
    """No wrapper: weights are broadcast as one vector, and gradients are averaged as one vector before each step."""

    def ddp_train(rank, world, init_file, make_model, dataset, loss_fn, epochs, batch_size, lr, accum, seed, path):
        dist.init_process_group("gloo", f"file://{init_file}", world_size=world, rank=rank)
        model = make_model()
        start = parameters_to_vector(model.parameters()).detach().clone()
        dist.broadcast(start, src=0)
        vector_to_parameters(start, model.parameters())
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        sampler = DistributedSampler(dataset, world, rank, True, seed)
        loader = DataLoader(dataset, batch_size, sampler=sampler, num_workers=0)

        def step(size):
            flat = torch.cat([p.grad.flatten() for p in model.parameters()]) / size / world
            dist.all_reduce(flat)
            place = 0
            for p in model.parameters():
                p.grad.copy_(flat[place : place + p.numel()].view_as(p))
                place += p.numel()
            optimizer.step()
            optimizer.zero_grad()

        history = []
        for epoch in range(epochs):
            sampler.set_epoch(epoch)
            size, pair = 0, torch.zeros(2, dtype=torch.float64)
            for x, y in loader:
                loss = loss_fn(model(x), y)
                loss.backward()
                pair += torch.tensor([float(loss) * len(x), len(x)], dtype=torch.float64)
                size += 1
                if size == accum:
                    step(size)
                    size = 0
            if size:
                step(size)
            dist.all_reduce(pair)
            history.append(pair[0].item() / pair[1].item())
        if rank == 0:
            torch.save(model.state_dict(), path)
        dist.barrier()
        dist.destroy_process_group()
        return history, model

    return ddp_train


# --- 6.5 unwrap, save_rank0 ------------------------------------------------------------------------------------


@alternative(exercise="save_rank0")
def recursive_and_early_return(work):
    """One wrapper a call; the single process returns early; the file is written under another name and renamed."""

    def unwrap(model):
        if isinstance(model, DataParallel | DistributedDataParallel):
            return unwrap(model.module)
        return model

    def save_rank0(path, model):
        if not (dist.is_available() and dist.is_initialized()):
            torch.save(unwrap(model).state_dict(), path)
            return
        if dist.get_rank() == 0:
            part = Path(path).with_suffix(".part")
            torch.save(unwrap(model).state_dict(), part)
            part.replace(path)
        dist.barrier()

    return unwrap, save_rank0


@alternative(exercise="save_rank0")
def by_type_and_a_broadcast(work):
    """The exact types are asked for; instead of a barrier, rank 0 broadcasts that it is done."""

    def unwrap(model):
        inner = model
        while type(inner) in (DataParallel, DistributedDataParallel):
            inner = inner.module
        return inner

    def save_rank0(path, model):
        rank = dist.get_rank() if dist.is_initialized() else 0
        if rank == 0:
            state = {name: value.cpu() for name, value in unwrap(model).state_dict().items()}
            with Path(path).open("wb") as file:
                torch.save(state, file)
        if dist.is_initialized():
            dist.broadcast(torch.zeros(1), src=0)

    return unwrap, save_rank0


@alternative(exercise="save_rank0")
def prefixes_by_wrapper(work):
    """The names' prefix is as long as there are wrappers; all ranks add up a one when they come."""

    def unwrap(model):
        wrapped = isinstance(model, (nn.DataParallel, nn.parallel.DistributedDataParallel))
        return unwrap(next(model.children())) if wrapped else model

    def save_rank0(path, model):
        state, inner, prefix = model.state_dict(), model, ""
        while isinstance(inner, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
            inner, prefix = inner.module, prefix + "module."
        if not dist.is_initialized():
            torch.save({name.removeprefix(prefix): value for name, value in state.items()}, path)
        else:
            if dist.get_rank() == 0:
                torch.save({name.removeprefix(prefix): value for name, value in state.items()}, path)
            dist.all_reduce(torch.ones(1))

    return unwrap, save_rank0


# --- 6.6 TwoStage ----------------------------------------------------------------------------------------------


@alternative(exercise="two_stage")
def devices_from_the_weights(work):
    """The devices are read from the stages' own weights when they are needed."""

    class TwoStage(nn.Module):
        def __init__(self, stage1, stage2, dev1, dev2):
            super().__init__()
            self.stage1 = stage1.to(device=dev1)
            self.stage2 = stage2.to(device=dev2)

        def forward(self, x):
            for stage in (self.stage1, self.stage2):
                x = stage(x.to(next(stage.parameters()).device))
            return x

    return TwoStage


@alternative(exercise="two_stage")
def moved_by_hooks(work):
    """Hooks before each stage move what it is given."""

    class TwoStage(nn.Module):
        def __init__(self, stage1, stage2, dev1, dev2):
            nn.Module.__init__(self)
            self.add_module("stage1", stage1)
            self.add_module("stage2", stage2)
            for stage, device in ((stage1, dev1), (stage2, dev2)):
                stage.to(device)
                stage.register_forward_pre_hook(lambda module, args, device=device: args[0].to(device))

        def forward(self, x):
            return self.stage2(self.stage1(x))

    return TwoStage


@alternative(exercise="two_stage")
def non_blocking_copies(work):
    """The copy to the first device does not block; the devices are kept as torch.device."""

    class TwoStage(nn.Module):
        def __init__(self, stage1, stage2, dev1, dev2):
            super().__init__()
            self.devices = [torch.device(dev1), torch.device(dev2)]
            self.stage1, self.stage2 = stage1, stage2
            self.stage1.to(self.devices[0])
            self.stage2.to(self.devices[1])

        def forward(self, x):
            hidden = self.stage1.forward(x.to(self.devices[0], non_blocking=True))
            return self.stage2.forward(torch.Tensor.to(hidden, self.devices[1]))

    return TwoStage


# --- 6.7 accumulate_gradients ----------------------------------------------------------------------------------


@alternative(exercise="accumulate_gradients")
def scaled_at_the_end(work):
    """Sums of losses are added up; the gradients are divided by the number of samples just before the step."""

    def accumulate_gradients(model, loader, loss_fn, optimizer, accum):
        model.train()
        optimizer.zero_grad()
        samples = steps = pending = 0

        def step():
            for group in optimizer.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        p.grad.div_(samples)
            optimizer.step()
            optimizer.zero_grad()

        for x, y in loader:
            (loss_fn(model(x), y) * x.shape[0]).backward()
            samples, pending = samples + x.shape[0], pending + 1
            if pending == accum:
                step()
                samples, pending, steps = 0, 0, steps + 1
        if pending:
            step()
            steps += 1
        return steps

    return accumulate_gradients


@alternative(exercise="accumulate_gradients")
def a_running_mean_of_gradients(work):
    """The gradients of earlier batches are scaled down as each new one arrives."""

    def accumulate_gradients(model, loader, loss_fn, optimizer, accum):
        model.train(True)
        steps = batches = samples = 0
        for x, y in loader:
            n = len(y)
            if batches == 0:
                model.zero_grad()
                optimizer.zero_grad()
            else:
                for p in model.parameters():
                    if p.grad is not None:
                        p.grad *= samples / (samples + n)
            samples += n
            torch.mul(loss_fn(model(x), y), n / samples).backward()
            batches += 1
            if batches == accum:
                optimizer.step()
                steps, batches, samples = steps + 1, 0, 0
        if batches:
            optimizer.step()
            steps += 1
        return steps

    return accumulate_gradients


@alternative(exercise="accumulate_gradients")
def gradients_in_tensors_of_their_own(work):
    """A queue collects a window; torch.autograd.grad gives gradients that are summed beside the parameters."""

    def accumulate_gradients(model, loader, loss_fn, optimizer, accum):
        model.train()
        queue, steps = deque(), 0

        def train():
            optimizer.zero_grad()
            total = sum(x.size(0) for x, _ in queue)
            while queue:
                x, y = queue.popleft()
                loss = loss_fn(model(x), y)
                weighted = loss * x.size(0) / total
                weighted.backward()
            optimizer.step()

        for batch in loader:
            queue.append(batch)
            if len(queue) >= accum:
                train()
                steps += 1
        if queue:
            train()
            steps += 1
        return steps

    return accumulate_gradients


# --- 6.8 amp_step ----------------------------------------------------------------------------------------------


@alternative(exercise="amp_step")
def limit_scaled_instead(work):
    """The gradients keep their scale, and the limit for their norm is multiplied by it."""

    def amp_step(model, x, y, loss_fn, optimizer, scaler, max_norm):
        with torch.amp.autocast(device_type=x.device.type, dtype=torch.bfloat16):
            outputs = model(x)
            loss = loss_fn(outputs, y)
        optimizer.zero_grad(set_to_none=True)
        scaler.scale(loss).backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm * scaler.get_scale())
        scaler.step(optimizer)
        scaler.update()
        return float(loss.detach())

    return amp_step


@alternative(exercise="amp_step")
def clipped_by_hand(work):
    """The norm is computed by hand after unscaling; the model clears the gradients."""

    def amp_step(model, x, y, loss_fn, optimizer, scaler, max_norm):
        for p in model.parameters():
            p.grad = None
        with torch.autocast(device_type=str(x.device).split(":")[0], dtype=torch.bfloat16):
            loss = loss_fn(model(x), y)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        grads = [p.grad for p in model.parameters() if p.grad is not None]
        norm = math.sqrt(sum(g.pow(2).sum().item() for g in grads))
        if norm > max_norm:
            for g in grads:
                g.mul_(max_norm / norm)
        scaler.step(optimizer)
        scaler.update()
        return loss.detach().float().item()

    return amp_step


@alternative(exercise="amp_step")
def cleared_before_and_after(work):
    """Gradients are cleared before and after; the optimizer's parameters are clipped; loss through a decorator."""

    def amp_step(model, x, y, loss_fn, optimizer, scaler, max_norm):
        @torch.autocast(x.device.type, torch.bfloat16)
        def closure():
            return loss_fn(model(x), y)

        optimizer.zero_grad()
        model.zero_grad()
        loss = closure()
        torch.autograd.backward(scaler.scale(loss))
        scaler.unscale_(optimizer)
        held = [p for group in optimizer.param_groups for p in group["params"]]
        nn.utils.clip_grad_norm_(held, max_norm, norm_type=2.0, error_if_nonfinite=False)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        return loss.item()

    return amp_step


# --- 6.9 predict_in_chunks -------------------------------------------------------------------------------------


@alternative(exercise="predict_in_chunks")
def inference_mode_joined_outside(work):
    """Chunks are computed in inference mode and joined outside of it, which makes an ordinary tensor."""

    def predict_in_chunks(model, x, chunk):
        if chunk <= 0:
            raise ValueError("chunk must be positive")
        first = next(iter(model.parameters()), None)
        device = x.device if first is None else first.device
        training = {name for name, module in model.named_modules() if module.training}
        outputs = []
        try:
            model.train(False)
            with torch.inference_mode():
                for start in range(0, max(len(x), 1), chunk):
                    outputs.append(model(x[start : start + chunk].to(device)).to("cpu"))
        finally:
            for name, module in model.named_modules():
                module.training = name in training
        return torch.cat(outputs, dim=0)

    return predict_in_chunks


@alternative(exercise="predict_in_chunks")
def written_into_one_tensor(work):
    """The first chunk tells the shape of the result, into which all others are written."""

    @contextmanager
    def evaluating(model):
        before = [module.training for module in model.modules()]
        model.eval()
        try:
            yield
        finally:
            for module, training in zip(model.modules(), before, strict=True):
                module.training = training

    @torch.no_grad()
    def predict_in_chunks(model, x, chunk):
        if not chunk >= 1:
            raise ValueError(chunk)
        parameters = list(model.parameters())
        device = parameters[0].device if parameters else x.device
        with evaluating(model):
            first = model(x[:chunk].to(device)).cpu()
            result = first.new_empty((len(x), *first.shape[1:]))
            result[:chunk] = first
            for start in range(chunk, len(x), chunk):
                stop = min(start + chunk, len(x))
                result[start:stop] = model(x[start:stop].to(device)).cpu()
        return result

    return predict_in_chunks


@alternative(exercise="predict_in_chunks")
def recursive_halves(work):
    """A chunk is predicted, and the rest by a call of the function itself."""

    def rest(model, x, chunk, device):
        out = model(x[:chunk].to(device)).cpu()
        return [out] if len(x) <= chunk else [out, *rest(model, x[chunk:], chunk, device)]

    def predict_in_chunks(model, x, chunk):
        if chunk < 1:
            raise ValueError("at least one row at a time")
        device = ([p.device for p in model.parameters()] or [x.device])[0]
        modes = {module: module.training for module in model.modules()}
        model.eval()
        with torch.set_grad_enabled(False):
            outputs = rest(model, x.detach(), int(chunk), device)
        for module in modes:
            module.training = modes[module]
        return torch.concat(outputs)

    return predict_in_chunks


# --- 6.10 find_max_batch ---------------------------------------------------------------------------------------


@alternative(exercise="find_max_batch")
def one_loop_with_a_high(work):
    """One loop for doubling and halving, which are told apart by whether a failure is known."""

    def fits(fn, size):
        try:
            fn(size)
            return True
        except torch.cuda.OutOfMemoryError:
            pass
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return False

    def find_max_batch(fn, start, limit):
        low, high, size = 0, None, start
        while True:
            if fits(fn, size):
                low = size
            else:
                high = size
            if low == limit or (high is not None and high - low == 1):
                return low
            size = min(low * 2, limit) if high is None else (low + high) // 2

    return find_max_batch


@alternative(exercise="find_max_batch")
def message_kept_instead_of_the_error(work):
    """The error's text is kept and not the error; the garbage is collected before every try."""

    def attempt(fn, size):
        gc.collect()
        torch.cuda.empty_cache()
        message = None
        try:
            fn(size)
        except torch.OutOfMemoryError as error:
            message = str(error)
        return message

    def find_max_batch(fn, start, limit):
        tried = {}
        size = start
        while True:
            tried[size] = attempt(fn, size) is None
            if not tried[size] or size == limit:
                break
            size = limit if size * 2 > limit else size * 2
        low = max((size for size, worked in tried.items() if worked), default=0)
        high = min((size for size, worked in tried.items() if not worked), default=low + 1)
        while low + 1 < high:
            middle = low + (high - low) // 2
            if attempt(fn, middle) is None:
                low = middle
            else:
                high = middle
        return low

    return find_max_batch


@alternative(exercise="find_max_batch")
def halves_by_recursion(work):
    """Doubling and halving as two recursive functions."""

    def works(fn, size):
        ok = True
        try:
            fn(size)
        except torch.OutOfMemoryError:
            ok = False
        finally:
            pass
        if not ok:
            gc.collect()
        return ok

    def between(fn, low, high):
        if high == low + 1:
            return low
        middle = (low + high) >> 1
        return between(fn, middle, high) if works(fn, middle) else between(fn, low, middle)

    def up(fn, low, size, limit):
        if not works(fn, size):
            return between(fn, low, size)
        return size if size == limit else up(fn, size, min(limit, 2 * size), limit)

    def find_max_batch(fn, start, limit):
        return up(fn, 0, start, limit)

    return find_max_batch


# --- 6.11 grid, random_search ----------------------------------------------------------------------------------


@alternative(exercise="search")
def numpy_generator(work):
    """A NumPy generator draws; the grid grows name by name."""

    def grid(space):
        configs = [{}]
        for name, values in space.items():
            configs = [{**config, name: value} for config in configs for value in values]
        return configs

    def random_search(objective, space, n, seed, mode="min"):
        rng = np.random.default_rng(seed)

        def draw(choices):
            if type(choices) is list:
                return choices[rng.integers(len(choices))]
            kind, low, high = choices
            if kind == "uniform":
                return float(rng.uniform(low, high))
            return float(10 ** rng.uniform(np.log10(low), np.log10(high)))

        trials = []
        for _ in range(n):
            config = {name: draw(choices) for name, choices in space.items()}
            trials.append({"config": config} | objective(dict(config)))
        values = np.array([trial["val"] for trial in trials], dtype=float)
        if np.isnan(values).all():
            return None, trials
        place = np.nanargmin(values) if mode == "min" else np.nanargmax(values)
        return trials[place]["config"], trials

    return grid, random_search


@alternative(exercise="search")
def torch_generator(work):
    """A torch generator draws all numbers; configs are copied at the end; the grid counts in mixed bases."""

    def grid(space):
        sizes = [len(values) for values in space.values()]
        found = []
        for number in range(math.prod(sizes)):
            config = {}
            for name in reversed(space):
                number, place = divmod(number, len(space[name]))
                config[name] = space[name][place]
            found.append({name: config[name] for name in space})
        return found

    def random_search(objective, space, n, seed, mode="min"):
        g = torch.Generator().manual_seed(seed)
        uniform = lambda: torch.rand((), generator=g, dtype=torch.float64).item()  # noqa: E731
        best, score, trials = None, math.inf, []
        for _ in range(n):
            config = {}
            for name, choices in space.items():
                u = uniform()
                if isinstance(choices, list):
                    config[name] = choices[int(u * len(choices))]
                elif choices[0] == "log":
                    config[name] = choices[1] * (choices[2] / choices[1]) ** u
                else:
                    config[name] = choices[1] + u * (choices[2] - choices[1])
            kept = deepcopy(config)
            result = objective(config)
            trials.append({"config": kept, "val": result["val"], "test": result["test"]})
            value = -result["val"] if mode == "max" else result["val"]
            if value < score or (best is None and value == score):
                best, score = kept, value
        return best, trials

    return grid, random_search


@alternative(exercise="search")
def drawn_before_tried(work):
    """All configs are drawn before the first trial; the best is found by sorting."""

    def grid(space):
        names = tuple(space)
        return list(
            map(
                lambda values: {name: value for name, value in zip(names, values, strict=True)},
                product(*space.values()),
            )
        )

    def random_search(objective, space, n, seed, mode="min"):
        rng = random.Random(seed)
        configs = []
        for _ in range(n):
            config = {}
            for name, choices in space.items():
                if isinstance(choices, tuple):
                    kind, low, high = choices
                    exponent = rng.random()
                    config[name] = low * (high / low) ** exponent if kind == "log" else low + (high - low) * exponent
                else:
                    config[name] = choices[rng.randrange(len(choices))]
            configs.append(config)
        trials = []
        for config in configs:
            result = objective({**config})
            trials.append({"config": config, **result})
        ranked = sorted(
            (trial for trial in trials if trial["val"] == trial["val"]),
            key=lambda trial: trial["val"],
            reverse=False,
        )
        if not ranked:
            return None, trials
        target = ranked[0]["val"] if mode == "min" else ranked[-1]["val"]
        return next(trial["config"] for trial in trials if trial["val"] == target), trials

    return grid, random_search
