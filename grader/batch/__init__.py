"""Grade a class: many submissions side by side, each exactly once, whatever is killed meanwhile."""
