"""Assembles the limits of each caller."""

from gateway.access.concurrency import Concurrency
from gateway.access.quotas import PointCounter, Quotas
from gateway.settings import Settings
from gateway.web.caller_limits import CallerLimits


def caller_limits(settings: Settings) -> CallerLimits:
    quotas = Quotas(_point_counter(settings)) if _applies("rate", settings) else None
    concurrency = (
        Concurrency(settings.concurrency, settings.deadline)
        if _applies("concurrency", settings)
        else None
    )
    return CallerLimits(quotas, concurrency)


def highest_cost(settings: Settings) -> int:
    """Of an operation, which no window would ever have room for if it cost more than the rate."""
    is_limited = _applies("rate", settings)
    return min(settings.max_cost, settings.rate) if is_limited else settings.max_cost


def _point_counter(settings: Settings) -> PointCounter:
    # Only gateways with limits wait for the import of the library.
    from gateway.access.point_counters import MemoryCounter, RedisCounter  # noqa: PLC0415

    if settings.redis_url:
        return RedisCounter(settings.rate, settings.redis_url)
    return MemoryCounter(settings.rate)


def _applies(name: str, settings: Settings) -> bool:
    """Whether a limit applies. With open access, it does only if it is set."""
    return settings.auth == "required" or name in settings.model_fields_set
