"""GitLab's code-quality report: findings in the subset of Code Climate's format that merge requests show."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable

import msgspec

from grader.ci.model import Finding


def code_quality(findings: Iterable[Finding]) -> bytes:
    """Findings as GitLab's code-quality report.

    A fingerprint is made of what was found and in which file, and not of the line: GitLab takes a finding that has
    moved for the same one.

    Args:
        findings: All findings.

    Returns:
        The file's bytes: a JSON array in UTF-8.
    """
    seen: Counter[tuple[str, str]] = Counter()
    entries = []
    for finding in findings:
        path = finding.path.encode("utf-8", "replace").decode()
        key = (path, finding.check)
        seen[key] += 1
        entries.append(
            {
                "description": f"{finding.title}: {finding.message}",
                "check_name": finding.check,
                "fingerprint": hashlib.sha256("\0".join((*key, str(seen[key]))).encode()).hexdigest(),
                "severity": finding.severity,
                "location": {"path": path, "lines": {"begin": finding.line}},
            }
        )
    return msgspec.json.format(msgspec.json.encode(entries), indent=1) + b"\n"
