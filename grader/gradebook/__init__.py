"""The gradebook: every attempt ever graded, in SQLite or any other database that SQLAlchemy speaks to."""

from grader.gradebook.book import Attempt, Gradebook, GradebookError

__all__ = ["Attempt", "Gradebook", "GradebookError"]
