"""Wrong solutions of hw5 that students write, each with the hint that a teacher would give."""

from __future__ import annotations

import copy
import random

import torch
import torch.nn.functional as F
from torch import nn

from grader.authoring import misconception

# --- 5.1 binary_acc --------------------------------------------------------------------------------------------


def counted(logits, targets):
    """Refuse unequal numbers as the reference does."""
    if logits.numel() != targets.numel():
        raise ValueError("not as many logits as targets")


def share(answers, targets):
    """The share of equal elements, as the reference computes it."""
    return (answers.flatten() == targets.flatten().bool()).to(torch.float32).mean()


def accuracy_by(rule):
    """`binary_acc` with another rule for the answers."""

    def binary_acc(logits, targets):
        counted(logits, targets)
        return share(rule(logits.detach()), targets)

    return binary_acc


@misconception(exercise="binary_acc")
def answers_compared_with_themselves(work):
    """What is compared here with the answers are the answers: whatever the targets are, the result is 1."""

    def binary_acc(logits, targets):
        counted(logits, targets)
        y_pred_tag = torch.round(torch.sigmoid(logits.detach()))
        return (y_pred_tag == y_pred_tag).float().mean()

    return binary_acc


@misconception(exercise="binary_acc")
def column_against_row(work):
    """A column compared with a row broadcasts to N x N comparisons; divided by N, the accuracy exceeds 1."""

    def binary_acc(logits, targets):
        counted(logits, targets)
        correct = ((logits.detach() > 0) == targets.bool()).sum().float()
        return correct / len(targets)

    return binary_acc


@misconception(exercise="binary_acc")
def mean_over_all_pairs(work):
    """A column compared with a row compares every answer with every target; the mean hides it in a number below 1."""

    def binary_acc(logits, targets):
        counted(logits, targets)
        return ((logits.detach() > 0) == targets.bool()).float().mean()

    return binary_acc


@misconception(exercise="binary_acc")
def squeezes_the_logits_only(work):
    """One of the two is squeezed and the other is not: targets that come as a column still broadcast."""

    def binary_acc(logits, targets):
        counted(logits, targets)
        return ((logits.detach().squeeze() > 0) == targets.bool()).float().mean()

    return binary_acc


@misconception(exercise="binary_acc")
def logit_above_one_half(work):
    """One half is the threshold of the probability; which logit has that probability?"""
    return accuracy_by(lambda logits: logits > 0.5)


@misconception(exercise="binary_acc")
def rounds_logits(work):
    """Logits are no probabilities: rounded, they become 2, -1 and the like, which no target ever is."""

    def binary_acc(logits, targets):
        counted(logits, targets)
        return (torch.round(logits.detach()).flatten() == targets.flatten().float()).float().mean()

    return binary_acc


@misconception(exercise="binary_acc")
def probability_above_zero(work):
    """Every probability is above 0: the answer is always 1 then."""
    return accuracy_by(lambda logits: torch.sigmoid(logits) > 0)


@misconception(exercise="binary_acc")
def argmax_of_one_output(work):
    """Among one output the largest is always number 0; argmax is for one output a class."""
    return accuracy_by(lambda logits: logits.reshape(-1, 1).argmax(dim=1).bool())


@misconception(exercise="binary_acc")
def opposite_sign(work):
    """A large logit is a large probability of class 1, not of class 0."""
    return accuracy_by(lambda logits: logits < 0)


@misconception(exercise="binary_acc")
def one_half_counts_as_one(work):
    """A probability of exactly one half is not above one half."""
    return accuracy_by(lambda logits: logits >= 0)


@misconception(exercise="binary_acc")
def in_percent(work):
    """The share is asked for, from 0 to 1, and not a percentage."""

    def binary_acc(logits, targets):
        return 100 * right_share(logits, targets)

    return binary_acc


def right_share(logits, targets):
    """What the reference returns."""
    counted(logits, targets)
    return share(logits.detach() > 0, targets)


@misconception(exercise="binary_acc")
def in_rounded_percent(work):
    """A percentage without decimals is asked for nowhere: the share is, from 0 to 1, as exact as it is."""

    def binary_acc(logits, targets):
        return torch.round(right_share(logits, targets) * 100)

    return binary_acc


@misconception(exercise="binary_acc")
def python_number(work):
    """The contract asks for a tensor; item() makes a Python number of it."""

    def binary_acc(logits, targets):
        return right_share(logits, targets).item()

    return binary_acc


@misconception(exercise="binary_acc")
def number_of_right_answers(work):
    """That is how many answers are right; the share of them is asked for."""

    def binary_acc(logits, targets):
        return right_share(logits, targets) * targets.numel()

    return binary_acc


@misconception(exercise="binary_acc")
def divided_by_the_last_dimension(work):
    """The last dimension of a column is 1: divide by the number of samples, whatever the shape."""

    def binary_acc(logits, targets):
        return right_share(logits, targets) * targets.numel() / logits.shape[-1]

    return binary_acc


@misconception(exercise="binary_acc")
def recall(work):
    """This looks at the samples of class 1 only; right answers for class 0 count as well."""

    def binary_acc(logits, targets):
        counted(logits, targets)
        answers, targets = logits.detach().flatten() > 0, targets.flatten().bool()
        return (answers & targets).sum().float() / targets.sum().clamp(min=1)

    return binary_acc


@misconception(exercise="binary_acc")
def precision(work):
    """This looks at the samples with answer 1 only; right answers of 0 count as well."""

    def binary_acc(logits, targets):
        counted(logits, targets)
        answers, targets = logits.detach().flatten() > 0, targets.flatten().bool()
        return (answers & targets).sum().float() / answers.sum().clamp(min=1)

    return binary_acc


@misconception(exercise="binary_acc")
def one_dimension_left(work):
    """A mean over dimension 0 of a column is a vector of one element; the result is a number without dimensions."""

    def binary_acc(logits, targets):
        return right_share(logits, targets).reshape(1)

    return binary_acc


@misconception(exercise="binary_acc")
def dtype_of_the_logits(work):
    """The result is float32, whatever precision the logits come in."""

    def binary_acc(logits, targets):
        return right_share(logits, targets).to(logits.dtype)

    return binary_acc


@misconception(exercise="binary_acc")
def sigmoid_in_place(work):
    """The underscore makes probabilities of the caller's logits, which nobody asked for."""

    def binary_acc(logits, targets):
        counted(logits, targets)
        return share(logits.detach().sigmoid_() > 0.5, targets)

    return binary_acc


@misconception(exercise="binary_acc")
def leaves_unequal_numbers_to_torch(work):
    """Comparing unequal numbers is an error of another type in torch, and none at all where one of them broadcasts."""

    def binary_acc(logits, targets):
        return share(logits.detach() > 0, targets)

    return binary_acc


@misconception(exercise="binary_acc")
def asserts_equal_numbers(work):
    """An assert raises an AssertionError, and nothing at all under `python -O`; a ValueError is promised."""

    def binary_acc(logits, targets):
        assert logits.numel() == targets.numel()
        return right_share(logits, targets)

    return binary_acc


# --- 5.2 bce_with_logits ---------------------------------------------------------------------------------------


def same_shape(z, y):
    """Refuse different shapes as the reference does."""
    if z.shape != y.shape:
        raise ValueError("different shapes")


def terms(z, y, pos_weight):
    """The weighted positive term and the negative term of each element."""
    y = y.to(z.dtype)
    weight = 1 if pos_weight is None else pos_weight
    return weight * y * F.softplus(-z), (1 - y) * F.softplus(z)


def loss_from(formula):
    """`bce_with_logits` with another formula for the elements, which gets targets of z's dtype."""

    def bce_with_logits(z, y, pos_weight=None):
        same_shape(z, y)
        return formula(z, y.to(z.dtype), 1 if pos_weight is None else pos_weight).mean()

    return bce_with_logits


@misconception(exercise="bce_with_logits")
def log_of_the_sigmoid(work):
    """For large logits the sigmoid is 0 or 1 exactly, and the logarithm of 0 is minus infinity: simplify on paper first."""
    return loss_from(
        lambda z, y, weight: -(weight * y * torch.log(torch.sigmoid(z)) + (1 - y) * torch.log(1 - torch.sigmoid(z)))
    )


@misconception(exercise="bce_with_logits")
def small_number_in_the_logarithm(work):
    """A small number inside the logarithm hides the infinity, and with it the true loss of a confident mistake."""
    eps = 1e-7
    return loss_from(
        lambda z, y, weight: (
            -(weight * y * torch.log(torch.sigmoid(z) + eps) + (1 - y) * torch.log(1 - torch.sigmoid(z) + eps))
        )
    )


@misconception(exercise="bce_with_logits")
def clamped_logits(work):
    """Beyond the limit of a clamp the loss does not grow and the gradient is 0: the worst mistakes teach nothing."""

    def formula(z, y, weight):
        z = z.clamp(-15, 15)
        return weight * y * F.softplus(-z) + (1 - y) * F.softplus(z)

    return loss_from(formula)


@misconception(exercise="bce_with_logits")
def weight_on_the_negative_term(work):
    """`pos_weight` is there for rare positives: which of the two terms is theirs?"""
    return loss_from(lambda z, y, weight: y * F.softplus(-z) + weight * (1 - y) * F.softplus(z))


@misconception(exercise="bce_with_logits")
def weight_on_both_terms(work):
    """With the same weight on both terms the balance between positives and negatives is as before."""
    return loss_from(lambda z, y, weight: weight * (y * F.softplus(-z) + (1 - y) * F.softplus(z)))


@misconception(exercise="bce_with_logits")
def weight_ignored(work):
    """`pos_weight` is an argument that changes nothing here."""
    return loss_from(lambda z, y, weight: y * F.softplus(-z) + (1 - y) * F.softplus(z))


@misconception(exercise="bce_with_logits")
def divided_by_the_weights(work):
    """The mean divides by the number of elements, not by the sum of their weights."""

    def bce_with_logits(z, y, pos_weight=None):
        same_shape(z, y)
        positive, negative = terms(z, y, pos_weight)
        y = y.to(z.dtype)
        weight = 1 if pos_weight is None else pos_weight
        return (positive + negative).sum() / (weight * y + 1 - y).sum()

    return bce_with_logits


@misconception(exercise="bce_with_logits")
def sum_of_the_elements(work):
    """The sum grows with the batch, and so would the steps of the optimizer; the mean is asked for."""

    def bce_with_logits(z, y, pos_weight=None):
        same_shape(z, y)
        return sum(terms(z, y, pos_weight)).sum()

    return bce_with_logits


@misconception(exercise="bce_with_logits")
def mean_over_the_rows(work):
    """A matrix has more elements than rows: the mean is over all of them."""

    def bce_with_logits(z, y, pos_weight=None):
        same_shape(z, y)
        return sum(terms(z, y, pos_weight)).sum() / (len(z) if z.dim() else 1)

    return bce_with_logits


@misconception(exercise="bce_with_logits")
def one_loss_an_element(work):
    """The loss of each element is returned; their mean is asked for, one number."""

    def bce_with_logits(z, y, pos_weight=None):
        same_shape(z, y)
        return sum(terms(z, y, pos_weight))

    return bce_with_logits


@misconception(exercise="bce_with_logits")
def positive_term_only(work):
    """For a target of 0 this loss is 0, whatever the answer: the second term is missing."""
    return loss_from(lambda z, y, weight: weight * y * F.softplus(-z))


@misconception(exercise="bce_with_logits")
def sign_forgotten(work):
    """A loss below 0 that falls with every mistake: the minus in front of the logarithm is missing."""
    return loss_from(lambda z, y, weight: weight * y * F.logsigmoid(z) + (1 - y) * F.logsigmoid(-z))


@misconception(exercise="bce_with_logits")
def targets_of_plus_and_minus_one(work):
    """log(1 + exp(-yz)) is for targets of 1 and -1; with a target of 0 it says the same for every logit."""
    return loss_from(lambda z, y, weight: (1 + (weight - 1) * y) * F.softplus(-z * y))


@misconception(exercise="bce_with_logits")
def sigmoid_twice(work):
    """What comes in are logits, and the formula applies the sigmoid itself: here it is applied twice."""

    def formula(z, y, weight):
        p = torch.sigmoid(z)
        return weight * y * F.softplus(-p) + (1 - y) * F.softplus(p)

    return loss_from(formula)


@misconception(exercise="bce_with_logits")
def one_side_of_the_kink(work):
    """At exactly 0 relu and clamp choose one side, so the parts of this formula do not add up to the right slope there."""

    def formula(z, y, weight):
        log_weight = 1 + (weight - 1) * y
        return (1 - y) * z + log_weight * (torch.log1p(torch.exp(-z.abs())) + torch.relu(-z))

    return loss_from(formula)


@misconception(exercise="bce_with_logits")
def no_gradient(work):
    """detach() cuts the graph: this loss is a number from which nothing can be learned."""
    return loss_from(lambda z, y, weight: sum((weight * y * F.softplus(-z.detach()), (1 - y) * F.softplus(z.detach()))))


@misconception(exercise="bce_with_logits")
def shapes_that_broadcast(work):
    """A column of logits and a row of targets broadcast to a matrix without any error: compare the shapes first."""

    def bce_with_logits(z, y, pos_weight=None):
        return sum(terms(z, y, pos_weight)).mean()

    return bce_with_logits


@misconception(exercise="bce_with_logits")
def squeezes_both(work):
    """squeeze() makes a column and a row fit that do not belong together; the shapes were to be compared as they come."""

    def bce_with_logits(z, y, pos_weight=None):
        if pos_weight is None:
            z, y = z.squeeze(), y.squeeze()
        same_shape(z, y)
        return sum(terms(z, y, pos_weight)).mean()

    return bce_with_logits


@misconception(exercise="bce_with_logits")
def targets_as_they_come(work):
    """Python may subtract a bool from 1, torch refuses to: bring the targets to the dtype of the logits first."""

    def bce_with_logits(z, y, pos_weight=None):
        same_shape(z, y)
        weight = 1 if pos_weight is None else pos_weight
        return (weight * y * F.softplus(-z) + (1 - y) * F.softplus(z)).mean()

    return bce_with_logits


# --- 5.3 replace_head ------------------------------------------------------------------------------------------


class NewHead:
    """`replace_head` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, model, num_outputs, names=("fc", "classifier", "head")):
        parent, place = self.where(model, names)
        old = getattr(parent, place)
        self.accept(old)
        self.put(model, parent, place, self.made(old, num_outputs))
        return self.returned(model)

    def where(self, model, names):
        children = dict(model.named_children())
        name = self.chosen(children, names)
        if isinstance(children[name], nn.Sequential):
            return children[name], str(len(children[name]) - 1)
        return model, name

    def chosen(self, children, names):
        for name in names:
            if name in children:
                return name
        raise ValueError("no such name")

    def accept(self, old):
        if not isinstance(old, nn.Linear):
            raise ValueError("no Linear")

    def made(self, old, num_outputs):
        like = {"device": old.weight.device, "dtype": old.weight.dtype}
        return nn.Linear(old.in_features, num_outputs, bias=old.bias is not None, **like)

    def put(self, model, parent, place, new):
        setattr(parent, place, new)

    def returned(self, model):
        return model


@misconception(exercise="replace_head")
def attribute_only(work):
    """out_features is what the layer says of itself; the weights are as they were, and so is the number of outputs."""

    class Wrong(NewHead):
        def made(self, old, num_outputs):
            old.out_features = num_outputs
            return old

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def on_top_of_the_model(work):
    """A layer after the whole model learns from its old outputs, the classes of ImageNet, and not from the backbone."""

    class Wrong(NewHead):
        def __call__(self, model, num_outputs, names=("fc", "classifier", "head")):
            parent, place = self.where(model, names)
            old = getattr(parent, place)
            self.accept(old)
            like = {"device": old.weight.device, "dtype": old.weight.dtype}
            return nn.Sequential(model, nn.Linear(old.out_features, num_outputs, bias=old.bias is not None, **like))

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def on_top_of_the_head(work):
    """The old head is still there, with a new layer behind it; it was to be exchanged."""

    class Wrong(NewHead):
        def made(self, old, num_outputs):
            like = {"device": old.weight.device, "dtype": old.weight.dtype}
            return nn.Sequential(old, nn.Linear(old.out_features, num_outputs, bias=old.bias is not None, **like))

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def inputs_of_a_resnet(work):
    """512 inputs is what one family of networks has: how many there are here, the old head knows."""

    class Wrong(NewHead):
        def made(self, old, num_outputs):
            like = {"device": old.weight.device, "dtype": old.weight.dtype}
            return nn.Linear(512, num_outputs, bias=old.bias is not None, **like)

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def inputs_from_the_outputs(work):
    """The new head gets what the old head *got*, not what it gave."""

    class Wrong(NewHead):
        def made(self, old, num_outputs):
            like = {"device": old.weight.device, "dtype": old.weight.dtype}
            return nn.Linear(old.out_features, num_outputs, bias=old.bias is not None, **like)

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def float32_on_the_cpu(work):
    """A new layer is made in float32 on the CPU, wherever and in whatever precision the rest of the model is."""

    class Wrong(NewHead):
        def made(self, old, num_outputs):
            return nn.Linear(old.in_features, num_outputs, bias=old.bias is not None, dtype=torch.float32, device="cpu")

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def dtype_forgotten(work):
    """The new head is on the right device, but in float32: a layer also has a dtype."""

    class Wrong(NewHead):
        def made(self, old, num_outputs):
            bias = old.bias is not None
            return nn.Linear(old.in_features, num_outputs, bias=bias, dtype=torch.float32).to(old.weight.device)

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def always_with_bias(work):
    """Linear has a bias unless told otherwise; whether there should be one, the old head says."""

    class Wrong(NewHead):
        def made(self, old, num_outputs):
            return nn.Linear(old.in_features, num_outputs, device=old.weight.device, dtype=old.weight.dtype)

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def stays_frozen(work):
    """The new head does not require gradients where the old one did not: it could never be trained."""

    class Wrong(NewHead):
        def made(self, old, num_outputs):
            return super().made(old, num_outputs).requires_grad_(old.weight.requires_grad)

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def whole_classifier_for_one_layer(work):
    """A classifier is more than its last layer: here the layers before it are gone."""

    class Wrong(NewHead):
        def where(self, model, names):
            return model, self.chosen(dict(model.named_children()), names)

        def accept(self, old):
            layers = [old] if isinstance(old, nn.Linear) else [m for m in old.children() if isinstance(m, nn.Linear)]
            if not layers or not isinstance([*old.modules()][-1], nn.Linear):
                raise ValueError("no Linear")

        def made(self, old, num_outputs):
            first = next(m for m in old.modules() if isinstance(m, nn.Linear))
            return super().made(first, num_outputs)

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def first_layer_of_the_classifier(work):
    """Of a classifier's layers the last one gives the outputs, not the first."""

    class Wrong(NewHead):
        def where(self, model, names):
            children = dict(model.named_children())
            name = self.chosen(children, names)
            if isinstance(children[name], nn.Sequential):
                linear = [key for key, m in children[name].named_children() if isinstance(m, nn.Linear)]
                if not linear or not isinstance(children[name][-1], nn.Linear):
                    raise ValueError("no Linear")
                return children[name], linear[0]
            return model, name

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def appended_to_the_classifier(work):
    """append puts the new layer behind the old one, which is still there."""

    class Wrong(NewHead):
        def put(self, model, parent, place, new):
            if isinstance(parent, nn.Sequential) and parent is not model:
                parent.append(new)
            else:
                setattr(parent, place, new)

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def dotted_attribute(work):
    """setattr takes "classifier.3" for one name with a dot in it: the model has a new child that it never uses."""

    class Wrong(NewHead):
        def put(self, model, parent, place, new):
            if parent is model:
                setattr(parent, place, new)
                return
            name = next(name for name, module in model.named_children() if module is parent)
            setattr(model, f"{name}.{place}", new)

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def new_name_for_the_layer(work):
    """A variable that held the old layer now holds another one; the model still holds the old."""

    class Wrong(NewHead):
        def put(self, model, parent, place, new):
            head = getattr(parent, place)
            head = new
            return head

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def changes_a_copy(work):
    """A copy of the model comes back: whoever holds the model, such as an optimizer, knows nothing of it."""

    class Wrong(NewHead):
        def __call__(self, model, num_outputs, names=("fc", "classifier", "head")):
            return super().__call__(copy.deepcopy(model), num_outputs, names)

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def freezes_the_rest(work):
    """Freezing is another task: here only the head was to change."""

    class Wrong(NewHead):
        def put(self, model, parent, place, new):
            model.requires_grad_(False)
            setattr(parent, place, new)

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def default_names_only(work):
    """The registry is an argument: whoever calls may have other names in another order."""

    class Wrong(NewHead):
        def chosen(self, children, names):
            return super().chosen(children, ("fc", "classifier", "head"))

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def order_of_the_model(work):
    """The registry's order decides, and not the order in which the model's children were made."""

    class Wrong(NewHead):
        def chosen(self, children, names):
            found = [name for name in children if name in names]
            if not found:
                raise ValueError("no such name")
            return found[-1]

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def any_module_of_that_name(work):
    """Deep inside the backbone there may be an `fc`, too: the names are those of the model's own children."""

    class Wrong(NewHead):
        def where(self, model, names):
            for name in names:
                for place, module in model.named_modules():
                    if place.rpartition(".")[2] == name:
                        if isinstance(module, nn.Sequential):
                            return module, str(len(module) - 1)
                        return model.get_submodule(place.rpartition(".")[0]), name
            raise ValueError("no such name")

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def last_linear_anywhere(work):
    """The last Linear layer that was made need not be the head: the registry says where to look."""

    class Wrong(NewHead):
        def where(self, model, names):
            place = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)][-1]
            parent, _, last = place.rpartition(".")
            return model.get_submodule(parent), last

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def silent_without_a_head(work):
    """Where there is no head to replace, the model comes back as if all was well; a ValueError is promised."""

    class Wrong(NewHead):
        def __call__(self, model, num_outputs, names=("fc", "classifier", "head")):
            try:
                return super().__call__(model, num_outputs, names)
            except ValueError:
                return model

    return {"replace_head": Wrong()}


@misconception(exercise="replace_head")
def whatever_is_there(work):
    """What stands where the head should be is taken for a Linear layer unseen."""

    class Wrong(NewHead):
        def accept(self, old):
            pass

    return {"replace_head": Wrong()}


# --- 5.4 freeze_backbone ---------------------------------------------------------------------------------------


class Freezing:
    """`freeze_backbone` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, model, head):
        inside = set(model.get_submodule(head).modules())
        self.parameters(model, head)
        self.gradients(model, set(model.parameters()) - set(model.get_submodule(head).parameters()))
        self.modes(model, inside)
        return model

    def parameters(self, model, head):
        trained = set(model.get_submodule(head).parameters())
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(self.is_trained(name, parameter, parameter in trained, head))

    def is_trained(self, name, parameter, in_head, head):
        return in_head

    def gradients(self, model, frozen):
        for parameter in frozen:
            parameter.grad = None

    def modes(self, model, inside):
        def train(mode=True):
            type(model).train(model, mode)
            self.set_modes(model, inside, mode)
            return self.returned(model)

        model.train = train
        train(model.training)

    def set_modes(self, model, inside, mode):
        for module in model.modules():
            if module is not model and module not in inside:
                module.training = False

    def returned(self, model):
        return model


@misconception(exercise="freeze_backbone")
def require_grad_without_s(work):
    """`require_grad` is a new attribute that Python accepts and autograd never reads: look at the spelling."""

    class Wrong(Freezing):
        def parameters(self, model, head):
            for parameter in model.parameters():
                parameter.require_grad = False
            model.get_submodule(head).requires_grad_(True)

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def attribute_of_the_modules(work):
    """A module has no requires_grad: assigning one makes an attribute that its parameters know nothing of."""

    class Wrong(Freezing):
        def parameters(self, model, head):
            for child in model.children():
                child.requires_grad = False
            for parameter in model.get_submodule(head).parameters():
                parameter.requires_grad = True

        def gradients(self, model, frozen):
            pass

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def parameters_only(work):
    """Frozen parameters do not stop batch norm from updating its statistics, nor dropout from dropping."""

    class Wrong(Freezing):
        def modes(self, model, inside):
            pass

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def evaluation_mode_once(work):
    """eval() holds until the next model.train(), and every epoch begins with one."""

    class Wrong(Freezing):
        def modes(self, model, inside):
            self.set_modes(model, inside, model.training)

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def batch_norms_only_in_evaluation(work):
    """Dropout in a frozen backbone is still active in training mode: the head learns from features with holes."""

    class Wrong(Freezing):
        def set_modes(self, model, inside, mode):
            for module in model.modules():
                if isinstance(module, nn.BatchNorm1d) and module not in inside:
                    module.training = False

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def momentum_of_zero(work):
    """With momentum 0 the statistics stay, but in training mode a batch norm normalises with those of the batch."""

    class Wrong(Freezing):
        def modes(self, model, inside):
            for module in model.modules():
                if isinstance(module, nn.BatchNorm1d) and module not in inside:
                    module.momentum = 0.0

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def statistics_not_tracked(work):
    """Without tracking, the statistics stay, but a batch norm in training mode normalises with those of the batch."""

    class Wrong(Freezing):
        def modes(self, model, inside):
            for module in model.modules():
                if isinstance(module, nn.BatchNorm1d) and module not in inside:
                    module.track_running_stats = False

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def everything_in_evaluation(work):
    """Now nothing can be set to training mode any more, the head included: its own dropout and norms sleep, too."""

    class Wrong(Freezing):
        def set_modes(self, model, inside, mode):
            for module in model.modules():
                module.training = False

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def head_always_in_training(work):
    """The head is in training mode after model.eval() as well: it follows what is asked for."""

    class Wrong(Freezing):
        def set_modes(self, model, inside, mode):
            super().set_modes(model, inside, mode)
            for module in inside:
                module.training = True

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def head_set_to_training_at_once(work):
    """A model that came in evaluation mode is evaluated until somebody asks for training; its head, too."""

    class Wrong(Freezing):
        def modes(self, model, inside):
            super().modes(model, inside)
            model.train()

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def train_returns_nothing(work):
    """train() and eval() return the model, so that one can write model.eval()(x); this one returns nothing."""

    class Wrong(Freezing):
        def returned(self, model):
            return None

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def everything_frozen(work):
    """Nothing requires a gradient any more, the head included: there is nothing left to train."""

    class Wrong(Freezing):
        def is_trained(self, name, parameter, in_head, head):
            return False

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def head_as_it_came(work):
    """A head that came frozen is still frozen: its parameters are to require gradients."""

    class Wrong(Freezing):
        def is_trained(self, name, parameter, in_head, head):
            return in_head and parameter.requires_grad

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def matrices_only(work):
    """Biases and the scales of norms are parameters of the backbone as well, and here they go on learning."""

    class Wrong(Freezing):
        def is_trained(self, name, parameter, in_head, head):
            return in_head or parameter.dim() < 2

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def biases_forgotten(work):
    """Only what is called `weight` was frozen; the biases of the backbone go on learning."""

    class Wrong(Freezing):
        def is_trained(self, name, parameter, in_head, head):
            return in_head or not name.endswith("weight")

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def names_that_begin_alike(work):
    """`fc_in` begins like `fc` and is no part of it: where a part's name ends there is a dot."""

    class Wrong(Freezing):
        def is_trained(self, name, parameter, in_head, head):
            return name.startswith(head)

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def names_that_contain_it(work):
    """The head's name may occur inside other names: being the head is not a matter of letters."""

    class Wrong(Freezing):
        def is_trained(self, name, parameter, in_head, head):
            return head in name

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def children_by_name(work):
    """A head deep inside, such as `fc.2`, is the name of no child, so its parents' parameters are all treated alike."""

    class Wrong(Freezing):
        def parameters(self, model, head):
            for name, child in model.named_children():
                child.requires_grad_(name == head)

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def last_child_is_the_head(work):
    """The head is what the argument names, not the last thing in the model."""

    class Wrong(Freezing):
        def __call__(self, model, head):
            return super().__call__(model, [name for name, _ in model.named_children()][-1])

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def old_gradients_kept(work):
    """Gradients of earlier steps are still there, and an optimizer that holds the parameters goes on using them."""

    class Wrong(Freezing):
        def gradients(self, model, frozen):
            pass

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def gradients_of_zero(work):
    """A gradient of zeros is a gradient: momentum goes on moving the weight. None is what an optimizer skips."""

    class Wrong(Freezing):
        def gradients(self, model, frozen):
            for parameter in frozen:
                if parameter.grad is not None:
                    parameter.grad.zero_()

    return {"freeze_backbone": Wrong()}


@misconception(exercise="freeze_backbone")
def freezes_a_copy(work):
    """A frozen copy comes back, and the model itself is as trainable as before."""

    class Wrong(Freezing):
        def __call__(self, model, head):
            return super().__call__(copy.deepcopy(model), head)

    return {"freeze_backbone": Wrong()}


# --- 5.5 param_groups ------------------------------------------------------------------------------------------


class Groups:
    """`param_groups` in pieces, so that a wrong solution changes one of them."""

    keep_empty = False

    def __call__(self, model, head, lr_backbone, lr_head, weight_decay):
        of_head = set(model.get_submodule(head).parameters())
        groups = self.start(lr_backbone, lr_head, weight_decay)
        for name, parameter in self.listed(model):
            if self.is_listed(name, parameter):
                part = "head" if self.in_head(name, parameter, head, of_head) else "backbone"
                if not self.decays(model, name, parameter):
                    part += "_no_decay"
                groups[part]["params"].append(self.entry(name, parameter))
        return [group for group in groups.values() if group["params"] or self.keep_empty]

    def start(self, lr_backbone, lr_head, weight_decay):
        found = {}
        for part, lr in (("backbone", lr_backbone), ("head", lr_head)):
            found[part] = {"name": part, "params": [], "lr": lr, "weight_decay": weight_decay}
            found[f"{part}_no_decay"] = {"name": f"{part}_no_decay", "params": [], "lr": lr, "weight_decay": 0.0}
        return found

    def listed(self, model):
        return model.named_parameters()

    def is_listed(self, name, parameter):
        return parameter.requires_grad

    def in_head(self, name, parameter, head, of_head):
        return parameter in of_head

    def decays(self, model, name, parameter):
        return parameter.dim() >= 2

    def entry(self, name, parameter):
        return parameter


@misconception(exercise="param_groups")
def all_and_the_head_again(work):
    """model.parameters() holds those of the head as well, so they are in two groups, which no optimizer takes."""

    class Wrong(Groups):
        def __call__(self, model, head, *rates):
            whole, of_head = super().__call__(model, head, *rates), super().__call__(model, head, *rates)
            groups = {group["name"]: group for group in whole}
            for group in of_head:
                twin = groups.get(group["name"].replace("head", "backbone"))
                if group["name"].startswith("head") and twin is not None:
                    twin["params"] = twin["params"] + group["params"]
            return list(groups.values())

    return {"param_groups": Wrong()}


@misconception(exercise="param_groups")
def bn_in_the_name(work):
    """A norm may have any name, such as `norm1` or a mere number: its weight cannot be told by the letters bn."""

    class Wrong(Groups):
        def decays(self, model, name, parameter):
            return "bn" not in name and not name.endswith("bias")

    return {"param_groups": Wrong()}


@misconception(exercise="param_groups")
def norm_in_the_name(work):
    """A norm in a Sequential is called by a number, or by what it is good for: the word norm need not occur."""

    class Wrong(Groups):
        def decays(self, model, name, parameter):
            return "norm" not in name and not name.endswith("bias")

    return {"param_groups": Wrong()}


@misconception(exercise="param_groups")
def batch_norms_only(work):
    """Batch norm is one norm of several: layer, group and instance norm have scales as well."""

    class Wrong(Groups):
        def decays(self, model, name, parameter):
            owner = model.get_submodule(name.rpartition(".")[0])
            return not isinstance(owner, nn.BatchNorm1d | nn.BatchNorm2d) and not name.endswith("bias")

    return {"param_groups": Wrong()}


@misconception(exercise="param_groups")
def biases_only_are_spared(work):
    """The scale of a norm is called weight, but decay pulls it towards 0 all the same, away from 1."""

    class Wrong(Groups):
        def decays(self, model, name, parameter):
            return not name.endswith("bias")

    return {"param_groups": Wrong()}


@misconception(exercise="param_groups")
def biases_of_layers_decay(work):
    """The norms are spared and the biases of the other layers are not."""

    class Wrong(Groups):
        def decays(self, model, name, parameter):
            owner = model.get_submodule(name.rpartition(".")[0])
            return isinstance(owner, nn.Linear | nn.Conv2d)

    return {"param_groups": Wrong()}


@misconception(exercise="param_groups")
def everything_decays(work):
    """Two groups, and weight decay for all that is in them: biases and norms were to be spared."""

    class Wrong(Groups):
        def decays(self, model, name, parameter):
            return True

    return {"param_groups": Wrong()}


@misconception(exercise="param_groups")
def nothing_decays(work):
    """No parameter decays here, the matrices and kernels for which weight decay is meant included."""

    class Wrong(Groups):
        def decays(self, model, name, parameter):
            return False

    return {"param_groups": Wrong()}


@misconception(exercise="param_groups")
def head_never_decays(work):
    """Weight decay is for the matrices of the head as well, not for those of the backbone only."""

    class Wrong(Groups):
        def start(self, lr_backbone, lr_head, weight_decay):
            groups = super().start(lr_backbone, lr_head, weight_decay)
            groups["head"]["weight_decay"] = 0.0
            return groups

    return {"param_groups": Wrong()}


@misconception(exercise="param_groups")
def decay_left_to_the_default(work):
    """A group that says nothing of weight decay gets the optimizer's default, which need not be 0."""

    class Wrong(Groups):
        def __call__(self, model, head, *rates):
            groups = super().__call__(model, head, *rates)
            for group in groups:
                if group["name"].endswith("no_decay"):
                    del group["weight_decay"]
            return groups

    return {"param_groups": Wrong()}


@misconception(exercise="param_groups")
def rates_exchanged(work):
    """The head should move much and the backbone little: here it is the other way round."""

    class Wrong(Groups):
        def start(self, lr_backbone, lr_head, weight_decay):
            return super().start(lr_head, lr_backbone, weight_decay)

    return {"param_groups": Wrong()}


@misconception(exercise="param_groups")
def one_rate_for_all(work):
    """Both parts have the learning rate of the head: what ImageNet taught the backbone is soon forgotten."""

    class Wrong(Groups):
        def start(self, lr_backbone, lr_head, weight_decay):
            return super().start(lr_head, lr_head, weight_decay)

    return {"param_groups": Wrong()}


@misconception(exercise="param_groups")
def generators_as_params(work):
    """A generator can be read once: the second one who looks into the group finds it empty."""

    class Wrong(Groups):
        def __call__(self, model, head, *rates):
            groups = super().__call__(model, head, *rates)
            for group in groups:
                group["params"] = (parameter for parameter in group["params"])
            return groups

    return {"param_groups": Wrong()}


@misconception(exercise="param_groups")
def frozen_ones_too(work):
    """Frozen parameters are in the groups as well: they were to be left out."""

    class Wrong(Groups):
        def is_listed(self, name, parameter):
            return True

    return {"param_groups": Wrong()}


@misconception(exercise="param_groups")
def tied_weights_twice(work):
    """A weight that is used in two places has two names and is one parameter; here it is listed once a name."""

    class Wrong(Groups):
        def listed(self, model):
            return model.named_parameters(remove_duplicate=False)

    return {"param_groups": Wrong()}


@misconception(exercise="param_groups")
def prefix_of_the_name(work):
    """`head_in` begins like `head` and is no part of it."""

    class Wrong(Groups):
        def in_head(self, name, parameter, head, of_head):
            return name.startswith(head)

    return {"param_groups": Wrong()}


@misconception(exercise="param_groups")
def last_child_as_head(work):
    """The head is what the argument names, not the last child of the model."""

    class Wrong(Groups):
        def __call__(self, model, head, *rates):
            return super().__call__(model, [name for name, _ in model.named_children()][-1], *rates)

    return {"param_groups": Wrong()}


@misconception(exercise="param_groups")
def weights_only(work):
    """What is called bias is in no group at all, so no optimizer ever moves it."""

    class Wrong(Groups):
        def is_listed(self, name, parameter):
            return parameter.requires_grad and not name.endswith("bias")

    return {"param_groups": Wrong()}


@misconception(exercise="param_groups")
def norms_in_no_group(work):
    """What was to be spared from decay is in no group at all: it is not trained."""

    class Wrong(Groups):
        def is_listed(self, name, parameter):
            return parameter.requires_grad and parameter.dim() >= 2

    return {"param_groups": Wrong()}


@misconception(exercise="param_groups")
def empty_groups_kept(work):
    """A group without parameters is of no use; it was to be left out."""

    class Wrong(Groups):
        keep_empty = True

    return {"param_groups": Wrong()}


@misconception(exercise="param_groups")
def pairs_of_name_and_parameter(work):
    """named_parameters() gives pairs: the groups hold names where parameters should be."""

    class Wrong(Groups):
        def entry(self, name, parameter):
            return name

    return {"param_groups": Wrong()}


# --- 5.6 unfreeze_stage ----------------------------------------------------------------------------------------


class Unfreezing:
    """`unfreeze_stage` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, model, optimizer, stage, lr):
        part = self.part(model, stage)
        self.gradients(model, part)
        self.modes(model, part)
        fresh = self.fresh(model, optimizer, part)
        if fresh:
            self.add(model, optimizer, fresh, lr)

    def part(self, model, stage):
        return model.get_submodule(stage)

    def gradients(self, model, part):
        part.requires_grad_(True)

    def modes(self, model, part):
        part.train()

    def fresh(self, model, optimizer, part):
        held = {parameter for group in optimizer.param_groups for parameter in group["params"]}
        return [parameter for parameter in part.parameters() if parameter not in held]

    def add(self, model, optimizer, fresh, lr):
        optimizer.add_param_group({"params": fresh, "lr": lr})


@misconception(exercise="unfreeze_stage")
def not_in_the_optimizer(work):
    """The gradients are computed now, but no optimizer holds these parameters: they never move."""

    class Wrong(Unfreezing):
        def add(self, model, optimizer, fresh, lr):
            pass

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def new_optimizer(work):
    """A new optimizer in a local variable is gone when the function ends; the training goes on with the old one."""

    class Wrong(Unfreezing):
        def add(self, model, optimizer, fresh, lr):
            for group in optimizer.param_groups:
                group["lr"] = lr
            optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=lr)

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def optimizer_made_anew(work):
    """Initialised once more, the optimizer has forgotten the momentum of everything, and its own settings as well."""

    class Wrong(Unfreezing):
        def add(self, model, optimizer, fresh, lr):
            groups = [*optimizer.param_groups, {"params": fresh, "lr": lr}]
            optimizer.__init__(groups, lr=lr)

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def state_cleared(work):
    """What the optimizer remembers of the head was worth keeping: here it is cleared."""

    class Wrong(Unfreezing):
        def add(self, model, optimizer, fresh, lr):
            super().add(model, optimizer, fresh, lr)
            optimizer.state.clear()

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def adds_all_parameters(work):
    """model.parameters() holds some that the optimizer has already, and no parameter may be in two groups."""

    class Wrong(Unfreezing):
        def fresh(self, model, optimizer, part):
            return list(model.parameters())

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def adds_the_stage_each_time(work):
    """Called once more, or for a part of which the optimizer holds something, it adds parameters that are held already."""

    class Wrong(Unfreezing):
        def fresh(self, model, optimizer, part):
            return list(part.parameters())

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def looked_up_in_a_list(work):
    """`in` compares a tensor with the list's tensors element by element; use the objects' identity, as a set does."""

    class Wrong(Unfreezing):
        def fresh(self, model, optimizer, part):
            held = [parameter for group in optimizer.param_groups for parameter in group["params"]]
            return [parameter for parameter in part.parameters() if parameter not in held]

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def default_learning_rate(work):
    """A group without "lr" gets the optimizer's default, and not the rate that was asked for."""

    class Wrong(Unfreezing):
        def add(self, model, optimizer, fresh, lr):
            optimizer.add_param_group({"params": fresh})

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def rate_for_all_groups(work):
    """The learning rate is for what is new; the head's was to stay."""

    class Wrong(Unfreezing):
        def add(self, model, optimizer, fresh, lr):
            super().add(model, optimizer, fresh, lr)
            for group in optimizer.param_groups:
                group["lr"] = lr

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def into_the_first_group(work):
    """In the head's group the stage has the head's learning rate: it needs a group of its own."""

    class Wrong(Unfreezing):
        def add(self, model, optimizer, fresh, lr):
            optimizer.param_groups[0]["params"].extend(fresh)

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def instead_of_the_head(work):
    """Now the optimizer holds the stage and no longer the head: the stage was to be added."""

    class Wrong(Unfreezing):
        def add(self, model, optimizer, fresh, lr):
            optimizer.param_groups.clear()
            optimizer.add_param_group({"params": fresh, "lr": lr})

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def appended_by_hand(work):
    """A dict appended to param_groups lacks what the optimizer's defaults would give it: add_param_group fills that in."""

    class Wrong(Unfreezing):
        def add(self, model, optimizer, fresh, lr):
            optimizer.param_groups.append({"params": fresh, "lr": lr})

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def one_group_a_parameter(work):
    """One new group for the whole stage is asked for, and not one for each parameter."""

    class Wrong(Unfreezing):
        def add(self, model, optimizer, fresh, lr):
            for parameter in fresh:
                optimizer.add_param_group({"params": [parameter], "lr": lr})

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def held_ones_are_moved(work):
    """What the optimizer holds already was to stay in its group, with its learning rate."""

    class Wrong(Unfreezing):
        def __call__(self, model, optimizer, stage, lr):
            part = self.part(model, stage)
            self.gradients(model, part)
            self.modes(model, part)
            own = set(part.parameters())
            for group in optimizer.param_groups:
                group["params"] = [parameter for parameter in group["params"] if parameter not in own]
            optimizer.param_groups[:] = [group for group in optimizer.param_groups if group["params"]]
            self.add(model, optimizer, list(part.parameters()), lr)

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def still_frozen(work):
    """The optimizer holds the stage now, but its parameters still require no gradient and get none."""

    class Wrong(Unfreezing):
        def gradients(self, model, part):
            pass

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def requires_grad_of_the_module(work):
    """A module has no requires_grad: assigning one makes an attribute; the method with the underscore is meant."""

    class Wrong(Unfreezing):
        def gradients(self, model, part):
            part.requires_grad = True

        def fresh(self, model, optimizer, part):
            return [p for p in super().fresh(model, optimizer, part) if p.requires_grad]

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def matrices_of_the_stage_only(work):
    """Biases and norms belong to the stage as well: all its parameters are to be trained."""

    class Wrong(Unfreezing):
        def gradients(self, model, part):
            for parameter in part.parameters():
                if parameter.dim() > 1:
                    parameter.requires_grad_(True)

        def fresh(self, model, optimizer, part):
            return [p for p in super().fresh(model, optimizer, part) if p.dim() > 1]

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def everything_unfrozen(work):
    """Only the stage was to be unfrozen; here every parameter of the model requires a gradient and is trained."""

    class Wrong(Unfreezing):
        def gradients(self, model, part):
            model.requires_grad_(True)

        def fresh(self, model, optimizer, part):
            return super().fresh(model, optimizer, model)

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def gradients_for_everything(work):
    """The right parameters are in the optimizer, but all others require gradients now as well."""

    class Wrong(Unfreezing):
        def gradients(self, model, part):
            model.requires_grad_(True)

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def others_frozen_again(work):
    """Everything else is frozen now, the head included, which was being trained."""

    class Wrong(Unfreezing):
        def gradients(self, model, part):
            model.requires_grad_(False)
            part.requires_grad_(True)

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def norms_still_asleep(work):
    """The stage's weights learn, but its batch norms are in evaluation mode still, with the old statistics."""

    class Wrong(Unfreezing):
        def modes(self, model, part):
            pass

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def whole_model_in_training_mode(work):
    """model.train() wakes the batch norms of the stages that are still frozen, too."""

    class Wrong(Unfreezing):
        def modes(self, model, part):
            model.train()

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def unknown_stage_ignored(work):
    """A misspelt stage changes nothing and says nothing; an AttributeError is promised."""

    class Wrong(Unfreezing):
        def __call__(self, model, optimizer, stage, lr):
            if stage in dict(model.named_modules()):
                super().__call__(model, optimizer, stage, lr)

    return {"unfreeze_stage": Wrong()}


@misconception(exercise="unfreeze_stage")
def unknown_stage_is_a_key_error(work):
    """A dict of the modules answers a misspelt name with a KeyError; an AttributeError is promised."""

    class Wrong(Unfreezing):
        def part(self, model, stage):
            return dict(model.named_modules())[stage]

    return {"unfreeze_stage": Wrong()}


# --- 5.7 load_matching -----------------------------------------------------------------------------------------


class Loading:
    """`load_matching` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, model, state, prefix="module."):
        own = model.state_dict()
        given = self.given(state, prefix)
        loaded = [name for name in own if name in given and self.fits(own[name], given[name])]
        if not loaded:
            return self.nothing(own, given)
        self.put(model, own, {name: given[name] for name in loaded})
        return self.lists(own, given, loaded, state)

    def given(self, state, prefix):
        return {self.stripped(name, prefix): value for name, value in state.items()}

    def stripped(self, name, prefix):
        return name.removeprefix(prefix)

    def fits(self, own, value):
        return own.shape == value.shape

    def nothing(self, own, given):
        raise ValueError("nothing fits")

    def put(self, model, own, values):
        model.load_state_dict(values, strict=False)

    def lists(self, own, given, loaded, state):
        missing = [name for name in own if name not in given]
        unexpected = [name for name in given if name not in own]
        return loaded, missing, unexpected, [name for name in own if name in given and name not in loaded]


@misconception(exercise="load_matching")
def strict_false_and_done(work):
    """strict=False forgives names and not shapes: a head of another size is an error all the same."""

    class Wrong(Loading):
        def __call__(self, model, state, prefix="module."):
            given = self.given(state, prefix)
            missing, unexpected = model.load_state_dict(given, strict=False)
            return [name for name in given if name not in unexpected], list(missing), list(unexpected), []

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def prefix_left_in_place(work):
    """With the prefix in front no name matches, and everything is missing and unexpected at once."""

    class Wrong(Loading):
        def stripped(self, name, prefix):
            return name

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def replaced_inside_names(work):
    """replace() takes the prefix out of the middle of a name, too, where a part of the model is called like that."""

    class Wrong(Loading):
        def stripped(self, name, prefix):
            return name.replace(prefix, "")

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def prefix_taken_off_again_and_again(work):
    """The prefix is taken off once: what then begins with the same word is a part of the model."""

    class Wrong(Loading):
        def stripped(self, name, prefix):
            while prefix and name.startswith(prefix):
                name = name.removeprefix(prefix)
            return name

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def letters_stripped(work):
    """lstrip() takes a set of letters, not a word, and eats the beginnings of names that are made of them."""

    class Wrong(Loading):
        def stripped(self, name, prefix):
            return name.lstrip(prefix) if prefix else name

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def first_letters_always(work):
    """Names that have no prefix lose their first letters, too."""

    class Wrong(Loading):
        def stripped(self, name, prefix):
            return name[len(prefix) :]

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def seven_letters(work):
    """The prefix is an argument; `module.` with its seven letters is only its default."""

    class Wrong(Loading):
        def stripped(self, name, prefix):
            return name.removeprefix("module.")

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def names_without_prefix_dropped(work):
    """A name that does not begin with the prefix is meant as it stands, and was to be looked for in the model."""

    class Wrong(Loading):
        def given(self, state, prefix):
            return {n.removeprefix(prefix): value for n, value in state.items() if n.startswith(prefix)}

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def renames_in_the_checkpoint(work):
    """pop() renames in the caller's own dict, which is then another one for whoever loads it next."""

    class Wrong(Loading):
        def given(self, state, prefix):
            for name in list(state):
                state[name.removeprefix(prefix)] = state.pop(name)
            return state

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def mismatched_are_missing_too(work):
    """A name whose shape differs is in the checkpoint: it is mismatched and not missing as well."""

    class Wrong(Loading):
        def lists(self, own, given, loaded, state):
            _, _, unexpected, mismatched = super().lists(own, given, loaded, state)
            return loaded, [name for name in own if name not in loaded], unexpected, mismatched

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def mismatched_counted_as_loaded(work):
    """What is in both but has another shape was not loaded, though the list says so."""

    class Wrong(Loading):
        def lists(self, own, given, loaded, state):
            _, missing, unexpected, mismatched = super().lists(own, given, loaded, state)
            return [name for name in own if name in given], missing, unexpected, mismatched

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def unexpected_with_prefix(work):
    """All four lists hold names without the prefix, also that of the unexpected ones."""

    class Wrong(Loading):
        def __call__(self, model, state, prefix="module."):
            loaded, missing, unexpected, mismatched = super().__call__(model, state, prefix)
            raw = [name for name in state if name.removeprefix(prefix) in set(unexpected)]
            return loaded, missing, raw, mismatched

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def two_lists_exchanged(work):
    """Missing is what the checkpoint lacks, unexpected what it has too much: here it is the other way round."""

    class Wrong(Loading):
        def lists(self, own, given, loaded, state):
            loaded, missing, unexpected, mismatched = super().lists(own, given, loaded, state)
            return loaded, unexpected, missing, mismatched

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def order_of_the_checkpoint(work):
    """What was loaded is listed in the order of the model, which need not be that of the checkpoint."""

    class Wrong(Loading):
        def lists(self, own, given, loaded, state):
            _, missing, unexpected, mismatched = super().lists(own, given, loaded, state)
            return [name for name in given if name in loaded], missing, unexpected, mismatched

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def sorted_lists(work):
    """The lists are in the order of model and checkpoint, not in that of the alphabet."""

    class Wrong(Loading):
        def lists(self, own, given, loaded, state):
            return tuple(sorted(names) for names in super().lists(own, given, loaded, state))

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def silent_when_nothing_fits(work):
    """If nothing fits, the model is as random as before, and nobody is told: an error is due."""

    class Wrong(Loading):
        def nothing(self, own, given):
            return self.lists(own, given, [], given)

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def runtime_error_when_nothing_fits(work):
    """There is an error when nothing fits, but of another type than was promised."""

    class Wrong(Loading):
        def nothing(self, own, given):
            raise RuntimeError("nothing fits")

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def names_are_enough(work):
    """An error is due as soon as nothing *fits*: equal names with other shapes do not."""

    class Wrong(Loading):
        def nothing(self, own, given):
            if not any(name in own for name in given):
                raise ValueError("nothing fits")
            return self.lists(own, given, [], given)

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def parameters_without_buffers(work):
    """The running statistics of a batch norm are no parameters, and belong to the checkpoint all the same."""

    class Wrong(Loading):
        def put(self, model, own, values):
            names = dict(model.named_parameters())
            super().put(model, own, {name: value for name, value in values.items() if name in names})

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def buffers_are_not_in_the_lists(work):
    """named_parameters() does not list buffers: for it the running statistics of the checkpoint are unexpected."""

    class Wrong(Loading):
        def __call__(self, model, state, prefix="module."):
            own = {name: parameter.data for name, parameter in model.named_parameters()}
            given = self.given(state, prefix)
            loaded = [name for name in own if name in given and self.fits(own[name], given[name])]
            if not loaded:
                return self.nothing(own, given)
            self.put(model, own, {name: given[name] for name in loaded})
            return self.lists(own, given, loaded, state)

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def as_many_elements(work):
    """A matrix of the same number of elements but another shape holds other things in other places."""

    class Wrong(Loading):
        def fits(self, own, value):
            return own.numel() == value.numel()

        def put(self, model, own, values):
            super().put(model, own, {name: value.reshape(own[name].shape) for name, value in values.items()})

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def copied_by_broadcasting(work):
    """copy_ broadcasts: a vector of one element fills every place of a longer one without an error."""

    class Wrong(Loading):
        def fits(self, own, value):
            return own.shape == value.shape or (value.numel() == 1 and own.numel() > 1)

        def put(self, model, own, values):
            with torch.no_grad():
                for name, value in values.items():
                    own[name].copy_(value)

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def new_parameter_objects(work):
    """The model has new Parameter objects now; an optimizer that was made before still holds the old ones."""

    class Wrong(Loading):
        def put(self, model, own, values):
            for name, value in values.items():
                path, _, last = name.rpartition(".")
                owner, value = model.get_submodule(path), value.to(own[name].dtype).clone()
                setattr(owner, last, nn.Parameter(value) if last in owner._parameters else value)

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def data_of_the_checkpoint(work):
    """Assigning .data makes the model share the checkpoint's memory and takes over its dtype; copy the values."""

    class Wrong(Loading):
        def put(self, model, own, values):
            places = {**dict(model.named_parameters()), **dict(model.named_buffers())}
            for name, value in values.items():
                places[name].data = value

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def by_position(work):
    """The order of a checkpoint says nothing: each value belongs to the name that it has."""

    class Wrong(Loading):
        def put(self, model, own, values):
            left = list(reversed(values.values()))
            for name in values:
                place = next(i for i, value in enumerate(left) if value.shape == own[name].shape)
                own[name].copy_(left.pop(place))

    return {"load_matching": Wrong()}


@misconception(exercise="load_matching")
def all_or_nothing(work):
    """What fits is to be loaded even where something is missing; here that is an error."""

    class Wrong(Loading):
        def put(self, model, own, values):
            if len(values) < len(own):
                raise ValueError("something is missing")
            super().put(model, own, values)

    return {"load_matching": Wrong()}


# --- 5.8 to_pretrained_input -----------------------------------------------------------------------------------

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Inputs:
    """`to_pretrained_input` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, x, size=64, mean=IMAGENET_MEAN, std=IMAGENET_STD):
        x = self.resize(self.scale(x)[:, None], size)
        mean, std = (torch.tensor(v, dtype=torch.float32, device=x.device).view(1, 3, 1, 1) for v in (mean, std))
        return self.normalize(x, mean, std)

    def scale(self, x):
        return x.to(torch.float32) / 255

    def resize(self, x, size):
        return F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False, antialias=True)

    def normalize(self, x, mean, std):
        return (x - mean) / std


@misconception(exercise="to_pretrained_input")
def values_to_255(work):
    """The means and deviations are those of values from 0 to 1; these values go up to 255."""

    class Wrong(Inputs):
        def scale(self, x):
            return x.to(torch.float32)

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def scaled_after_normalising(work):
    """First the values are scaled to 0…1, then the mean is subtracted: in the other order it is subtracted from pixels."""

    class Wrong(Inputs):
        def scale(self, x):
            return x.to(torch.float32)

        def normalize(self, x, mean, std):
            return super().normalize(x, mean, std) / 255

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def scaled_twice(work):
    """Values from 0 to 1 were divided by 255 once more: everything is nearly black."""

    class Wrong(Inputs):
        def scale(self, x):
            return super().scale(x) / 255

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def divided_by_256(work):
    """The largest value of a byte is 255: white should become 1."""

    class Wrong(Inputs):
        def scale(self, x):
            return x.to(torch.float32) / 256

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def whole_numbers_divided(work):
    """Whole division of a byte by 255 gives 0 or 1: all shades of grey are gone."""

    class Wrong(Inputs):
        def scale(self, x):
            return (x // 255).to(torch.float32)

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def from_minus_one_to_one(work):
    """Some networks want values from -1 to 1; these weights want their own means and deviations."""

    class Wrong(Inputs):
        def normalize(self, x, mean, std):
            return (x.expand(-1, 3, -1, -1) - 0.5) / 0.5

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def normalised_twice(work):
    """The mean is subtracted twice: a normalised input is not normalised again."""

    class Wrong(Inputs):
        def normalize(self, x, mean, std):
            return (super().normalize(x, mean, std) - mean) / std

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def not_normalised(work):
    """Values from 0 to 1 are not yet what the weights know: mean and deviation are missing."""

    class Wrong(Inputs):
        def normalize(self, x, mean, std):
            return x.expand(-1, 3, -1, -1).clone()

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def deviation_forgotten(work):
    """The mean is subtracted, but nothing is divided by the standard deviation."""

    class Wrong(Inputs):
        def normalize(self, x, mean, std):
            return x - mean

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def times_the_deviation(work):
    """Multiplied by the deviation the values become smaller still; to have a deviation of 1 they are divided by it."""

    class Wrong(Inputs):
        def normalize(self, x, mean, std):
            return (x - mean) * std

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def one_mean_for_all_channels(work):
    """Each channel has its own mean and deviation, even where the picture is grey."""

    class Wrong(Inputs):
        def normalize(self, x, mean, std):
            return super().normalize(x, mean, std).mean(dim=1, keepdim=True).expand(-1, 3, -1, -1).clone()

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def blue_first(work):
    """The statistics are in the order red, green, blue; here the channels are the other way round."""

    class Wrong(Inputs):
        def normalize(self, x, mean, std):
            return super().normalize(x, mean, std).flip(1)

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def own_statistics(work):
    """The weights know the statistics of their own training set, not those of this batch."""

    class Wrong(Inputs):
        def normalize(self, x, mean, std):
            return ((x - x.mean()) / x.std(unbiased=False).clamp(min=1e-6)).expand(-1, 3, -1, -1).clone()

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def each_picture_stretched(work):
    """Stretched from its darkest to its lightest pixel, every picture has the same contrast; 0 and 255 are the limits."""

    class Wrong(Inputs):
        def scale(self, x):
            x = x.to(torch.float32)
            low, high = x.amin(dim=(1, 2), keepdim=True), x.amax(dim=(1, 2), keepdim=True)
            return (x - low) / (high - low).clamp(min=1e-6)

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def one_channel(work):
    """The first layer expects three channels: show it the grey picture three times."""

    class Wrong(Inputs):
        def normalize(self, x, mean, std):
            return super().normalize(x, mean, std)[:, :1]

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def two_black_channels(work):
    """The picture is in the first channel only: the other two are black, which no photograph is."""

    class Wrong(Inputs):
        def normalize(self, x, mean, std):
            return super().normalize(torch.cat([x, torch.zeros_like(x), torch.zeros_like(x)], dim=1), mean, std)

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def channels_last(work):
    """In torch the channels come before height and width."""

    class Wrong(Inputs):
        def normalize(self, x, mean, std):
            return super().normalize(x, mean, std).permute(0, 2, 3, 1).contiguous()

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def nearest_pixel(work):
    """interpolate takes the nearest pixel unless told otherwise; bilinear is asked for."""

    class Wrong(Inputs):
        def resize(self, x, size):
            return F.interpolate(x, size=(size, size))

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def without_antialias(work):
    """Without antialias, pixels are left out where a picture becomes smaller."""

    class Wrong(Inputs):
        def resize(self, x, size):
            return F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False)

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def aligned_corners(work):
    """With align_corners=True the corners' centres are put on each other, and all other pixels a little aside."""

    class Wrong(Inputs):
        def resize(self, x, size):
            return F.interpolate(x, size=(size, size), mode="bilinear", align_corners=True, antialias=True)

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def bytes_resized(work):
    """Resized as bytes, every value is rounded to a whole number on the way: scale first."""

    class Wrong(Inputs):
        def scale(self, x):
            return x.to(torch.float32)

        def resize(self, x, size):
            return super().resize(x, size).round() / 255

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def cut_out_of_the_middle(work):
    """Scaled by its shorter side and cut, a picture loses its ends; the whole picture was to be resized."""

    class Wrong(Inputs):
        def resize(self, x, size):
            scale = size / min(x.shape[2:])
            large = [max(size, round(length * scale)) for length in x.shape[2:]]
            x = F.interpolate(x, size=large, mode="bilinear", align_corners=False, antialias=True)
            top, left = (large[0] - size) // 2, (large[1] - size) // 2
            return x[:, :, top : top + size, left : left + size]

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def random_crop(work):
    """A random crop belongs to training: here the same picture gives another input each time."""

    class Wrong(Inputs):
        def resize(self, x, size):
            x = super().resize(x, size + 2)
            top, left = random.randint(0, 2), random.randint(0, 2)
            return x[:, :, top : top + size, left : left + size]

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def imagenets_statistics_always(work):
    """`mean` and `std` are arguments: other weights have other statistics."""

    class Wrong(Inputs):
        def __call__(self, x, size=64, mean=IMAGENET_MEAN, std=IMAGENET_STD):
            return super().__call__(x, size)

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def default_size_always(work):
    """The size is an argument; 64 is only its default."""

    class Wrong(Inputs):
        def __call__(self, x, size=64, mean=IMAGENET_MEAN, std=IMAGENET_STD):
            return super().__call__(x, 64, mean, std)

    return {"to_pretrained_input": Wrong()}


@misconception(exercise="to_pretrained_input")
def in_float64(work):
    """Python numbers and NumPy make float64 of it; the weights, and so the inputs, are float32."""

    class Wrong(Inputs):
        def normalize(self, x, mean, std):
            return super().normalize(x.double(), mean.double(), std.double())

    return {"to_pretrained_input": Wrong()}


# --- 5.9 extract_features --------------------------------------------------------------------------------------


class Extraction:
    """`extract_features` in pieces, so that a wrong solution changes one of them."""

    def __call__(self, model, loader, layer):
        features, labels = [], []
        modes = {module: module.training for module in model.modules()}
        handle = self.hooked(model, layer, features)
        try:
            self.prepare(model)
            with self.graph():
                for x, y in loader:
                    outputs = model(x)
                    self.collect(features, labels, outputs, x, y)
        finally:
            handle.remove()
            self.restore(model, modes)
        return self.returned(features, labels)

    def hooked(self, model, layer, features):
        def keep(module, args, output):
            features.append(self.kept(args, output))

        return model.get_submodule(layer).register_forward_hook(keep)

    def kept(self, args, output):
        return self.formed(output.detach().clone())

    def formed(self, output):
        return output.flatten(1).float().cpu()

    def prepare(self, model):
        model.eval()

    def graph(self):
        return torch.no_grad()

    def collect(self, features, labels, outputs, x, y):
        labels.append(y)

    def restore(self, model, modes):
        for module, mode in modes.items():
            module.training = mode

    def returned(self, features, labels):
        return torch.cat(features), torch.cat(labels)


@misconception(exercise="extract_features")
def in_the_mode_it_came(work):
    """Dropout is active and batch norm learns while the features are computed: no_grad does not stop them."""

    class Wrong(Extraction):
        def prepare(self, model):
            pass

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def graph_of_every_batch(work):
    """The features keep the graphs of all batches alive: the memory grows with the data."""

    class Wrong(Extraction):
        def kept(self, args, output):
            return self.formed(output.clone())

        def graph(self):
            return torch.enable_grad()

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def detached_after_recording(work):
    """The features are detached, but the model still records a graph for each batch: tell it not to."""

    class Wrong(Extraction):
        def graph(self):
            return torch.enable_grad()

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def labels_from_another_pass(work):
    """A shuffled loader has another order in its second pass: take labels and features from the same one."""

    class Wrong(Extraction):
        def __call__(self, model, loader, layer):
            features, _ = super().__call__(model, loader, layer)
            return features, torch.cat([y for _, y in loader])

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def last_batch_only(work):
    """Each batch replaces the one before: only the features of the last one come back."""

    class Wrong(Extraction):
        def returned(self, features, labels):
            return features[-1], labels[-1]

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def hook_left_behind(work):
    """The hook is still there, and goes on collecting with every later forward pass."""

    class Wrong(Extraction):
        def hooked(self, model, layer, features):
            super().hooked(model, layer, features)
            return torch.utils.hooks.RemovableHandle({})

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def nothing_restored_after_an_error(work):
    """When a batch fails, the lines after the loop are never reached: hook and evaluation mode stay behind."""

    class Wrong(Extraction):
        def __call__(self, model, loader, layer):
            features, labels = [], []
            modes = {module: module.training for module in model.modules()}
            handle = self.hooked(model, layer, features)
            model.eval()
            with torch.no_grad():
                for x, y in loader:
                    model(x)
                    labels.append(y)
            handle.remove()
            self.restore(model, modes)
            return self.returned(features, labels)

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def error_swallowed(work):
    """A batch that fails is left out without a word: whoever calls takes the rest for all."""

    class Wrong(Extraction):
        def __call__(self, model, loader, layer):
            features, labels = [], []

            def good():
                for x, y in loader:
                    try:
                        found, own = super(Wrong, self).__call__(model, [(x, y)], layer)
                    except RuntimeError:
                        continue
                    yield found, own

            for found, own in good():
                features.append(found)
                labels.append(own)
            return self.returned(features, labels)

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def all_hooks_cleared(work):
    """Clearing the layer's hooks removes those of others as well: remove your own by its handle."""

    class Wrong(Extraction):
        def __call__(self, model, loader, layer):
            try:
                return super().__call__(model, loader, layer)
            finally:
                model.get_submodule(layer)._forward_hooks.clear()

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def left_in_evaluation_mode(work):
    """The model comes back in evaluation mode, whatever mode it was in."""

    class Wrong(Extraction):
        def restore(self, model, modes):
            pass

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def always_set_to_training(work):
    """A model that was in evaluation mode is in training mode afterwards: restore what was there."""

    class Wrong(Extraction):
        def restore(self, model, modes):
            model.train()

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def mode_of_the_root_for_all(work):
    """A part may have been in a mode of its own: model.train(mode) gives all parts the same."""

    class Wrong(Extraction):
        def restore(self, model, modes):
            model.train(modes[model])

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def outputs_of_the_model(work):
    """These are the model's outputs; the features of one layer inside are asked for."""

    class Wrong(Extraction):
        def hooked(self, model, layer, features):
            return super().hooked(model, "", features)

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def input_of_the_layer(work):
    """A forward hook gets what goes into the layer and what comes out of it; the latter is asked for."""

    class Wrong(Extraction):
        def kept(self, args, output):
            return self.formed(args[0].detach().clone())

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def averaged_over_the_picture(work):
    """Averaging over height and width loses where something is: all values of the layer are features here."""

    class Wrong(Extraction):
        def formed(self, output):
            return output.flatten(2).mean(dim=2).float() if output.dim() > 2 else output.float()

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def overwritten_in_place(work):
    """A layer after this one works in place, and what was kept is its memory: keep a copy."""

    class Wrong(Extraction):
        def kept(self, args, output):
            return output.detach()

        def returned(self, features, labels):
            return torch.cat([self.formed(output) for output in features]), torch.cat(labels)

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def dtype_of_the_model(work):
    """float32 is promised, whatever precision the model computes in."""

    class Wrong(Extraction):
        def formed(self, output):
            return output.flatten(1)

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def shape_of_the_layer(work):
    """Each sample's features are one row; here they still have the layer's own shape."""

    class Wrong(Extraction):
        def formed(self, output):
            return output.float()

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def flattened_with_the_batch(work):
    """flatten() without an argument also flattens the batch: the samples cannot be told apart."""

    class Wrong(Extraction):
        def formed(self, output):
            return output.flatten().float()

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def list_of_batches(work):
    """Lists of batches come back; one tensor of all samples is asked for."""

    class Wrong(Extraction):
        def returned(self, features, labels):
            return features, labels

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def float_labels(work):
    """Labels are class numbers, int64; as floats no loss takes them for classes."""

    class Wrong(Extraction):
        def returned(self, features, labels):
            return torch.cat(features), torch.cat(labels).float()

    return {"extract_features": Wrong()}


@misconception(exercise="extract_features")
def features_of_unit_length(work):
    """Normalised features are other features: they are asked for as they leave the layer."""

    class Wrong(Extraction):
        def formed(self, output):
            return F.normalize(super().formed(output), dim=1)

    return {"extract_features": Wrong()}


# --- 5.10 half_crops, fine_tune --------------------------------------------------------------------------------


class Tuning:
    """`fine_tune` in pieces, so that a wrong solution changes one of them."""

    mean, std = 127 / 255, 128 / 255

    def __call__(self, model, weights, photos, per_class=10, size=64):
        self.load(model, weights)
        self.new_head(model, len(photos))
        model.eval()
        self.train(model, *self.training_set(photos, per_class, size))
        accuracy = self.measure(model, *self.test_set(photos, size))
        return self.returned(model, accuracy)

    def load(self, model, weights):
        model.load_state_dict({name.removeprefix("module."): value for name, value in weights.items()})

    def new_head(self, model, classes):
        model.requires_grad_(False)
        model._fc = nn.Linear(model._fc.in_features, classes)

    def training_set(self, photos, per_class, size):
        return self.inputs([self.crops(photo, "left", size)[:per_class] for photo in photos])

    def test_set(self, photos, size):
        return self.inputs([self.crops(photo, "right", size) for photo in photos])

    def crops(self, photo, half, size):
        middle = photo.shape[1] // 2
        part = photo[:, :middle] if half == "left" else photo[:, middle:]
        return part.unfold(0, size, size).unfold(1, size, size).flatten(0, 1)

    def inputs(self, crops):
        y = torch.cat([torch.full((len(crop),), label) for label, crop in enumerate(crops)])
        return self.prepared(torch.cat(crops)[:, None].float().expand(-1, 3, -1, -1)), y

    def prepared(self, x):
        return (x / 255 - self.mean) / self.std

    def train(self, model, x, y):
        with torch.no_grad():
            features = model.features(x)
        self.fit(model, features, y)

    def fit(self, model, features, y):
        optimizer = torch.optim.Adam(model._fc.parameters(), lr=0.01)
        for _ in range(60):
            optimizer.zero_grad()
            F.cross_entropy(model._fc(features), y).backward()
            optimizer.step()

    def measure(self, model, x, y):
        with torch.no_grad():
            return (model(x).argmax(dim=1) == y).float().mean().item()

    def returned(self, model, accuracy):
        return accuracy


def squares_of(part, size):
    """The squares of a part, row by row."""
    return part.unfold(0, size, size).unfold(1, size, size).flatten(0, 1)


@misconception(exercise="fine_tune")
def squares_column_by_column(work):
    """The squares come row by row, from left to right; these come column by column."""

    def half_crops(photo, half, size=64):
        middle = photo.shape[1] // 2
        part = photo[:, :middle] if half == "left" else photo[:, middle:]
        return part.unfold(0, size, size).unfold(1, size, size).transpose(0, 1).flatten(0, 1)

    return half_crops


@misconception(exercise="fine_tune")
def reshaped_at_once(work):
    """reshape cuts the picture's memory into pieces, row after row of the whole picture: these are stripes, no squares."""

    def half_crops(photo, half, size=64):
        middle = photo.shape[1] // 2
        part = photo[:, :middle] if half == "left" else photo[:, middle:]
        rows, columns = part.shape[0] // size, part.shape[1] // size
        return part[: rows * size, : columns * size].reshape(-1, size, size)

    return half_crops


@misconception(exercise="fine_tune")
def right_half_one_column_late(work):
    """In a picture of odd width the right half begins at W // 2: the middle column belongs to it."""

    def half_crops(photo, half, size=64):
        middle = photo.shape[1] // 2
        return squares_of(photo[:, :middle] if half == "left" else photo[:, -middle:], size)

    return half_crops


@misconception(exercise="fine_tune")
def weights_never_loaded(work):
    """The backbone is still random: whatever the head learns from it, it knows nothing of photographs."""

    class Wrong(Tuning):
        def load(self, model, weights):
            pass

    return {"fine_tune": Wrong()}


@misconception(exercise="fine_tune")
def loaded_without_looking(work):
    """strict=False skips every name that does not match; with a prefix in front none does, and nothing is loaded."""

    class Wrong(Tuning):
        def load(self, model, weights):
            model.load_state_dict(weights, strict=False)

    return {"fine_tune": Wrong()}


@misconception(exercise="fine_tune")
def head_replaced_before_loading(work):
    """The new head does not fit the weights, which hold one for 1000 classes: first load, then replace."""

    class Wrong(Tuning):
        def load(self, model, weights):
            model._fc = nn.Linear(model._fc.in_features, 2)
            super().load(model, weights)

    return {"fine_tune": Wrong()}


@misconception(exercise="fine_tune")
def backbone_in_training_mode(work):
    """In training mode the batch norms use and change their statistics: the backbone is no longer that of the weights."""

    class Wrong(Tuning):
        def train(self, model, x, y):
            model.train()
            super().train(model, x, y)
            model.eval()

    return {"fine_tune": Wrong()}


@misconception(exercise="fine_tune")
def left_training(work):
    """After training, the model is measured and comes back in training mode: dropout and batch norm are active."""

    class Wrong(Tuning):
        def returned(self, model, accuracy):
            model.train()
            return accuracy

    return {"fine_tune": Wrong()}


@misconception(exercise="fine_tune")
def backbone_not_frozen(work):
    """Only the head is given to the optimizer, but the backbone's parameters still require gradients."""

    class Wrong(Tuning):
        def new_head(self, model, classes):
            super().new_head(model, classes)
            model.requires_grad_(True)

    return {"fine_tune": Wrong()}


@misconception(exercise="fine_tune")
def inputs_not_normalised(work):
    """The values are from 0 to 1, but mean and deviation of these weights are missing."""

    class Wrong(Tuning):
        def prepared(self, x):
            return x / 255

    return {"fine_tune": Wrong()}


@misconception(exercise="fine_tune")
def statistics_of_other_weights(work):
    """These are the statistics of torchvision's weights; each set of weights has the ones that it was trained with."""

    class Wrong(Tuning):
        def prepared(self, x):
            mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
            return (x / 255 - mean) / std

    return {"fine_tune": Wrong()}


@misconception(exercise="fine_tune")
def measured_on_the_left(work):
    """Pictures that were learned are recognised: only those of the right half can say what was learned."""

    class Wrong(Tuning):
        def test_set(self, photos, size):
            return self.inputs([self.crops(photo, "left", size) for photo in photos])

    return {"fine_tune": Wrong()}


@misconception(exercise="fine_tune")
def trained_on_both_halves(work):
    """The pictures of the right half are among those that were learned: the test measures memory."""

    class Wrong(Tuning):
        def training_set(self, photos, per_class, size):
            both = [
                torch.cat([self.crops(photo, "left", size)[:per_class], self.crops(photo, "right", size)])
                for photo in photos
            ]
            return self.inputs(both)

    return {"fine_tune": Wrong()}


@misconception(exercise="fine_tune")
def all_crops_of_the_left_half(work):
    """`per_class` says how many labelled crops there are; here more of them are used."""

    class Wrong(Tuning):
        def training_set(self, photos, per_class, size):
            return super().training_set(photos, None, size)

    return {"fine_tune": Wrong()}


@misconception(exercise="fine_tune")
def head_never_trained(work):
    """The head is new and random still: nothing has been learned."""

    class Wrong(Tuning):
        def fit(self, model, features, y):
            pass

    return {"fine_tune": Wrong()}


@misconception(exercise="fine_tune")
def a_thousand_outputs(work):
    """The old head is trained further: it has 1000 outputs for a few classes."""

    class Wrong(Tuning):
        def new_head(self, model, classes):
            model.requires_grad_(False)
            model._fc.requires_grad_(True)

    return {"fine_tune": Wrong()}


@misconception(exercise="fine_tune")
def accuracy_in_percent(work):
    """The share of right answers is asked for, from 0 to 1."""

    class Wrong(Tuning):
        def returned(self, model, accuracy):
            return 100 * accuracy

    return {"fine_tune": Wrong()}
