"""Wrong solutions of hw6."""

from grader.authoring import misconception
