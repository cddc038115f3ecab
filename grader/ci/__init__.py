"""Grading in continuous integration: the notebooks of a repository that changed, in the files that CI systems show."""
