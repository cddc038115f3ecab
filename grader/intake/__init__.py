"""Intake: what a student hands in, opened with bounds; nothing of it is unpacked to disk, believed or run."""
