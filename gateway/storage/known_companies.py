"""The companies that a process knows."""

import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass
class KnownCompanies:
    """The ids and names of all companies as last read; None if they must be read."""

    companies: Sequence[tuple[str, str]] | None = None
    read_at: float = 0
    """The monotonic time before the read."""

    changed_at: float = 0
    """The monotonic time after the last change in this process."""

    def keep(self, companies: Sequence[tuple[str, str]], read_at: float) -> None:
        """Cache the companies that were read, unless they may be older than a change."""
        if read_at > self.changed_at:
            self.companies, self.read_at = companies, read_at

    def forget(self) -> None:
        """Clear the cache, because companies have changed."""
        self.companies, self.changed_at = None, time.monotonic()
