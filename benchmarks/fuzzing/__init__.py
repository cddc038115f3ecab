"""The parts of benchmarks/fuzz.py: valid inputs, ways to spoil them, doors, and processes that may die of them."""
