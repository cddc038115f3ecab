"""Different but right solutions of hw6."""

from grader.authoring import alternative
