"""One page on a whole class: how each exercise went, which mistakes are common, whose work needs a person."""
