"""A simulated second device: tensors keep their values on the CPU and are only said to be elsewhere.

Which device a tensor is on is written on its storage (`labels`). A dispatch mode carries the labels from operands to
results (`mode`) and refuses what CUDA would refuse (`rules`). Python's ways to ask for a device, to move a tensor and
to make one answer by the labels (`tensors`, `factories`, `devices`, `files`, `autocast`). `stage.rehearsal` is the way
in; docs/decisions/0003-rehearsal-by-labels.md says why it is made like this.
"""
