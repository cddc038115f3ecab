"""How good an assignment's checks are: they are run on wrong solutions made from the reference."""
