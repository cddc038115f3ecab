"""The other tools that `benchmarks/batch.py` measures beside, each with the same notebooks in a form of its own."""
