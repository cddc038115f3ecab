"""The small changes that mutants are made by: one function each, grouped by theme; `registry` lists them."""
