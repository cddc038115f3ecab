"""The observation format and the message framing: the one door between observing and judging.

Import from the modules: `grader.wire.encode`, `grader.wire.decode`, `grader.wire.frames`. This file imports
none of them, so that a process which only passes messages on never loads torch.
"""
