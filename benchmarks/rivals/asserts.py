"""hw2's public checks as plain asserts, as a course writes them for nbgrader or otter.

One or two examples an exercise, and none of the hidden checks: less work than the grader does for the same notebook.
"""

ASSERTS = {
    "chain": """
model = chain([(2, 1), (3, -4)])
assert torch.allclose(model(torch.tensor([1.0, 2.0])), torch.tensor([5.0, 11.0]))
assert list(dict(model.named_parameters())) == ["0.a", "0.b", "1.a", "1.b"]
router = Router({"zoom": nn.Linear(3, 4), "bend": nn.Tanh()})
assert router.keys() == ["zoom", "bend"]
assert torch.equal(router(torch.ones(3), "bend"), torch.tanh(torch.ones(3)))
""",
    "mlp": """
net, rows = MLP([3, 6, 5, 2], torch.tanh), torch.randn(4, 3)
one, two, three = net.layers
assert torch.allclose(net(rows), three(torch.tanh(two(torch.tanh(one(rows))))))
assert len(list(net.parameters())) == 6
""",
    "my_linear": """
mine, theirs, rows = MyLinear(3, 5), nn.Linear(3, 5), torch.randn(6, 3)
mine.load_state_dict(theirs.state_dict())
assert torch.allclose(mine(rows), theirs(rows), atol=1e-6)
assert MyLinear(4, 2, bias=False).bias is None
""",
    "standardize": """
images = torch.randn(3, 3, 4, 3) + 2
scaled = Standardize([0.5, 1.0, 1.5], [1.0, 2.0, 4.0])(images)
assert torch.allclose(scaled[:, 1], (images[:, 1] - 1) / 2)
""",
    "inventory": """
report = inventory(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)))
assert list(report["modules"]) == ["0", "1"]
assert list(report["buffers"]) == ["1.running_mean", "1.running_var", "1.num_batches_tracked"]
assert report["n_trainable"] == 24
""",
    "replace_module": """
model, new = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.Linear(4, 4), nn.ReLU())), nn.Linear(4, 4)
old = model[1][0]
assert replace_module(model, "1.0", new) is old
assert model[1][0] is new
""",
    "init_weights": """
model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))
init_weights(model, 1.75, generator=torch.Generator().manual_seed(0))
expected = nn.init.xavier_normal_(torch.empty(6, 4), 1.75, generator=torch.Generator().manual_seed(0))
assert torch.allclose(model[0].weight, expected)
assert (model[0].bias == 0).all()
""",
    "add_repr": """
named = type("Function_A", (nn.Module,), {})()
named.name = "duck"
add_repr(named)
assert "duck" in repr(named)
""",
    "hooks": """
layer, rows = nn.Linear(3, 2), torch.randn(4, 3)
plain = layer(rows)
handle = shift_output(layer, 2.0)
assert torch.allclose(layer(rows), plain + 2)
handle.remove()
store, handle = record_inputs(layer)
layer(rows)
handle.remove()
assert torch.equal(store[0][0][0], rows)
store, handle = record_grads(layer)
layer(torch.randn(4, 3, requires_grad=True)).sum().backward()
handle.remove()
assert store[0][1][0].shape == (4, 2)
for _ in range(50):
    layer, positive = nn.Linear(2, 2), torch.rand(2, requires_grad=True)
    with torch.no_grad():
        layer.weight.abs_()
    normalize_input_grads(layer)
    layer(positive).sum().backward()
    assert abs(positive.grad.sum() - 1) < 1e-3
""",
    "capture_activations": """
model, rows = nn.Sequential(nn.Linear(3, 4), nn.Tanh()), torch.randn(4, 3)
with capture_activations(model, ["0"]) as store:
    output = model(rows)
assert torch.allclose(torch.tanh(store["0"]), output)
""",
    "swish": """
point = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
value = SwishFunction.apply(point, 1.5)
assert torch.allclose(value, point * torch.sigmoid(1.5 * point))
assert torch.autograd.gradcheck(lambda t: SwishFunction.apply(t, 1.5), (point,))
""",
    "my_sgd": """
mine, theirs = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3))
own = MySGD([mine], lr=0.05, momentum=0.8, weight_decay=0.3)
sgd = torch.optim.SGD([theirs], lr=0.05, momentum=0.8, weight_decay=0.3)
for _ in range(3):
    for parameter, optimizer in ((mine, own), (theirs, sgd)):
        optimizer.zero_grad()
        (parameter**2).sum().backward()
        optimizer.step()
assert torch.allclose(mine, theirs)
""",
}
