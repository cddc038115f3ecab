"""Take a process's rights away, one facility a file; imports nothing of the grader. See docs/security.md."""
