"""The version of a record that a change expects, by its etag (RULES.md 6.3)."""

import re

from gateway.orders import refusals
from gateway.orders.preview import is_preview
from gateway.orders.problems import Rejected, Report

ANY = "*"
ETAG = re.compile(r'(?:W/)?"[^"]*"|[^,\s]+')
"""An etag in quotes, as HTTP writes it, or without."""


def versions_named(text: str) -> frozenset[str]:
    """The etags in `text`, separated by commas."""
    return frozenset(map(_bare, ETAG.findall(text)))


def _bare(written: str) -> str:
    """An etag without the quotes and the prefix of HTTP; only a bare asterisk matches any etag."""
    bare = written.removeprefix("W/").strip('"')
    return written if bare == ANY else bare


def agreed_version(argument: str | None, header: str | None) -> str | None:
    """The etag that an argument and a header expect; raises Rejected if they differ."""
    if argument is None or header is None:
        return header if argument is None else argument
    if versions_named(argument) != versions_named(header):
        report = Report()
        report.refuse(
            refusals.VERSIONS_DISAGREE,
            "if_match",
            rejected=argument,
            suggestions=(header,),
            header=header,
        )
        raise Rejected(report.problems)
    return argument


def check_version(
    if_match: str | None, etag: int, number: str, report: Report, label: str = "order"
) -> None:
    """Refuse a change unless the record `number` still has an etag in `if_match`."""
    versions = {ANY} if if_match is None else versions_named(if_match)
    if versions & {ANY, str(etag)}:
        return
    refusal = refusals.STALE_PREVIEW if any(map(is_preview, versions)) else refusals.STALE
    report.refuse(
        refusal,
        "if_match",
        rejected=if_match,
        suggestions=(str(etag),),
        label=label,
        number=number,
    )
