"""Gradescope: "Export Submissions" of an assignment.

`submission_metadata.yml` says of each folder `submission_<number>` who handed it in (several for a group) and when; its
keys are Ruby symbols, ":submitters". Only the attempt that counts is exported.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import yaml

from grader.intake.errors import BadHandIn
from grader.roll.errors import BadSubmissions
from grader.roll.model import Bundle, Hint, Listing, Owner, Refused, Sorted, Stored
from grader.roll.platform import Platform
from grader.roll.times import moment
from grader.roll.words import as_id

METADATA = "submission_metadata.yml"
_METADATA_BYTES = 32 * 1024 * 1024
_FOLDER = re.compile(r"submission_(\d+)")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's safe loader; what Ruby marks as an object of a class of its own is read as the plain data that it is."""


def _plain(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return node.value


_Loader.add_multi_constructor("!ruby/", _plain)


class Gradescope(Platform):
    """An export of Gradescope."""

    kind = "gradescope"
    title = "Gradescope export"
    looks = "submission_metadata.yml and submission_<number>/"

    def fits(self, listing: Listing, assignment: str) -> str:
        """Say why this is a Gradescope export; "" where it is none."""
        return f"there is a {METADATA}, which Gradescope writes" if METADATA in listing.files else ""

    def sort(self, listing: Listing, assignment: str) -> Sorted:
        """Sort a Gradescope export by submission."""
        if METADATA not in listing.files:
            raise BadSubmissions(
                f"{listing.name}: a Gradescope export has a {METADATA} beside its folders; this has none"
            )
        metadata = _metadata(listing.files[METADATA])
        folders: dict[str, dict[str, Stored]] = defaultdict(dict)
        for place, stored in listing.files.items():
            top, _, below = place.partition("/")
            if below and _FOLDER.fullmatch(top):
                folders[top][below] = stored
        notices = []
        bundles = []
        for top, files in folders.items():
            entry = metadata.get(top)
            if entry is None:
                notices.append(f"{top} is not in {METADATA}: its number stands for the student")
            bundles.append(_bundle(top, files, entry or {}))
        refused = tuple(
            Refused(str(top)[:80], f"it is in {METADATA}, but its folder is missing: export again")
            for top in metadata
            if top not in folders
        )
        return Sorted(tuple(bundles), refused, frozenset({listing.files[METADATA].place}), tuple(notices))


def _metadata(stored: Stored) -> Mapping[str, Mapping[Any, Any]]:
    try:
        found = yaml.load(stored.read(_METADATA_BYTES), Loader=_Loader)
    except BadHandIn as error:
        raise BadSubmissions(str(error)) from None
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError, TypeError, AttributeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise BadSubmissions(
            f"{stored.place}{line}: is not YAML that can be read; export the submissions again"
        ) from None
    if not isinstance(found, dict):
        raise BadSubmissions(f"{stored.place}: is not a list of submissions; export the submissions again")
    return {str(top): entry for top, entry in found.items() if isinstance(entry, dict)}


def _bundle(top: str, files: dict[str, Stored], entry: Mapping[Any, Any]) -> Bundle:
    submitters = entry.get(":submitters")
    owners = [_owner(one, top) for one in submitters if isinstance(one, dict)] if isinstance(submitters, list) else []
    if not owners:
        owners = [Owner(top, top, ())]
    number = _FOLDER.fullmatch(top)
    return Bundle(
        owners=tuple(dict.fromkeys(owners)),
        place=top,
        files=files,
        submitted_at=moment(entry.get(":created_at")),
        number=int(number[1]) if number else 0,
    )


def _owner(submitter: Mapping[Any, Any], top: str) -> Owner:
    def said(key: str) -> str:
        value = submitter.get(key)
        return as_id(value) if isinstance(value, (str, int)) else ""

    name = said(":name")
    every = (Hint("id", said(":sid")), Hint("email", said(":email")), Hint("name", name))
    hints = tuple(hint for hint in every if hint.value)
    return Owner(hints[0].value if hints else top, name, hints)
