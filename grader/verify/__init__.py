"""Proof that an assignment's grades are right, before a class sees it."""
