"""Different but right solutions of hw5."""
