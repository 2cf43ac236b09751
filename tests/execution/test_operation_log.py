"""The line that the log has for each operation while its level is INFO."""

import logging

import pytest

from gateway.api.operations import Operation, run_operation
from gateway.execution.limits import Limits
from gateway.storage.database import Database
from tests.support.contexts import context_of


@pytest.mark.anyio
async def test_the_name_of_an_operation_forges_no_line_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    context = context_of(Database("sqlite:///nowhere/at/all.db"), Limits())
    with caplog.at_level(logging.INFO, "gateway.operation"):
        await run_operation(Operation("{ __typename }", name="A\nforged\u2028line"), context)
    [line] = [each.getMessage() for each in caplog.records if each.name == "gateway.operation"]
    assert len(line.splitlines()) == 1
    assert line.startswith(r"'A\nforged\u2028line' ran by ")
