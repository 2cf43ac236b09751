"""The options of an import: their values and how they are stored."""

import pytest

from gateway.exchange.formats.import_options import (
    BadOption,
    DateOrder,
    DecimalSign,
    ImportOptions,
    LinesOption,
    RoundingOption,
)

ALL = ImportOptions(
    DateOrder.DMY,
    DecimalSign.COMMA,
    "cp1250",
    ";",
    strict=True,
    rounding=RoundingOption.LINE,
    lines=LinesOption.REPLACE,
)


@pytest.mark.parametrize("options", [ALL, ImportOptions()], ids=["all", "none"])
def test_stored_options_are_read_back_unchanged(options: ImportOptions) -> None:
    assert ImportOptions.read(options.stored()) == options


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"dates": "DYM"}, "must be MDY or DMY or YMD, not 'DYM'"),
        ({"decimal": ";"}, "must be . or ,, not ';'"),
        (
            {"encoding": "klingon"},
            "must be a known encoding such as utf-8 or cp1250, not 'klingon'",
        ),
        ({"encoding": "base64"}, "must be a known encoding such as utf-8 or cp1250, not 'base64'"),
        ({"separator": '"'}, "must be one sign such as ; or a tab, not '\"'"),
        ({"separator": ";;"}, "must be one sign such as ; or a tab, not ';;'"),
        ({"strict": "yes"}, "must be true or false"),
        ({"lines": "append"}, "must be replace, not 'append'"),
        ({"rounding": 1}, "must be line, not '1'"),
        ({"encoding": 1}, "must be text"),
    ],
)
def test_a_bad_value_is_refused_with_the_name_of_its_option(
    values: dict[str, object], message: str
) -> None:
    with pytest.raises(BadOption) as refused:
        ImportOptions.read(values)
    [name] = values
    assert (refused.value.code, refused.value.option, str(refused.value)) == (
        "BAD_OPTION",
        name,
        message,
    )


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(BadOption, match="is not an option; use dates, decimal, encoding, lines"):
        ImportOptions.read({"date": "DMY"})


def test_missing_options_are_completed_from_others() -> None:
    own = ImportOptions(dates=DateOrder.YMD, encoding="utf-8")
    assert own.or_else(ALL) == ImportOptions.read(
        ALL.stored() | {"dates": "YMD", "encoding": "utf-8"}
    )
