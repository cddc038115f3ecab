"""The gradebook: every attempt ever graded and everything that people decided about it, in SQLite or PostgreSQL."""

from grader.gradebook.book import Gradebook
from grader.gradebook.database import GradebookError
from grader.gradebook.tables import Attempt

__all__ = ["Attempt", "Gradebook", "GradebookError"]
