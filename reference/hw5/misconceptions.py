"""Wrong solutions of hw5."""
