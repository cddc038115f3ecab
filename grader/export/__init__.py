"""Grades for other programs: tables that a spreadsheet opens and learning platforms read."""
