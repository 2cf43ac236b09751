"""The transitions that an order allows now, by the rules of the transitions themselves (RULES.md
4.3)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.orders.life_cycle import TRANSITIONS, Records, carry_out, check_transition
from gateway.orders.problems import Problem, Report
from gateway.orders.transitions import Transition
from gateway.storage.tables.sales_orders import SalesOrderRow


@dataclass(frozen=True)
class TransitionCheck:
    """Whether an order allows a transition: yes, if there are no problems."""

    transition: Transition
    problems: Sequence[Problem]


def check_transitions(
    copy_order: Callable[[], SalesOrderRow], records: Records
) -> list[TransitionCheck]:
    """Try every transition on a separate copy of the order, with the quantities on its lines."""
    return [TransitionCheck(each, _problems(each, copy_order(), records)) for each in TRANSITIONS]


def _problems(transition: Transition, order: SalesOrderRow, records: Records) -> Sequence[Problem]:
    report = Report()
    check_transition(transition, order, records, report)
    if not report.problems:
        carry_out(transition, order, None, report)
    return report.problems
