"""Reads settings from environment variables, the file `.env`, and files with secrets."""

import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import ValidationError

from gateway.settings import SECRETS, Settings
from gateway.spelling import nearest_name

PREFIX, OF_FILE = "GATEWAY_", "_FILE"
KNOWN = [PREFIX + name.upper() for name in Settings.model_fields]
FILES = {f"{PREFIX}{name.upper()}{OF_FILE}": f"{PREFIX}{name.upper()}" for name in SECRETS}
"""The variables with the path of a file that contains the value of another variable."""

OF_KUBERNETES = re.compile(r"GATEWAY_(SERVICE|PORT)_\w+")
"""Variables that Kubernetes sets in every container if a service is named gateway. It also sets GATEWAY_PORT
to a URL."""


class BadSettings(ValueError):
    """Invalid settings. The message has a line for each reason."""


def read_settings_from(environment: Mapping[str, str], file: Path) -> Settings:
    """The settings in `environment`, and those in the file `.env` that `environment` does not have.

    Raises BadSettings."""
    own, of_file = _variables(environment), _variables(_of_file(file))
    problems = [*_problems(own), *(f"{file}: {problem}" for problem in _problems(of_file))]
    if problems:
        raise BadSettings("\n".join(problems))
    return _settings({**_by_setting(of_file), **_by_setting(own)})


def _unknown(environment: Mapping[str, str]) -> list[str]:
    """A sentence for each variable of the gateway without a setting, because a misspelt one would be
    ignored."""
    unknown = _variables(environment).keys() - {*KNOWN, *FILES}
    return [_unknown_variable(name) for name in sorted(unknown)]


def _of_file(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise BadSettings(f"{file} cannot be read: {_reason(error)}.") from error
    for binding in parse_stream(io.StringIO(text)):
        named = (binding.key or "").upper().startswith(PREFIX)
        if binding.error or (named and binding.value is None):
            raise BadSettings(f"{file}: Line {binding.original.line} is not NAME=value.")
    values = dotenv_values(stream=io.StringIO(text))
    return {name: value for name, value in values.items() if value is not None}


def _variables(source: Mapping[str, str]) -> dict[str, str]:
    """The variables of the gateway, in capitals."""
    return {
        name.upper(): value
        for name, value in source.items()
        if name.upper().startswith(PREFIX)
        and not OF_KUBERNETES.fullmatch(name)
        and not (name == "GATEWAY_PORT" and value.startswith("tcp://"))
    }


def _problems(variables: Mapping[str, str]) -> Iterator[str]:
    yield from _unknown(variables)
    for file, variable in FILES.items():
        if file in variables and variable in variables:
            yield f"{file}: {variable} is set too. Set one of them."


def _by_setting(variables: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The variable of each setting, and its value."""
    return {
        FILES.get(name, name).removeprefix(PREFIX).lower(): (name, value)
        for name, value in variables.items()
    }


def _settings(stated: Mapping[str, tuple[str, str]]) -> Settings:
    values = {
        setting: _content(name, value) if name in FILES else value
        for setting, (name, value) in stated.items()
    }
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        problems = [
            _invalid(each["loc"], each.get("ctx", {}), each["msg"]) for each in error.errors()
        ]
        raise BadSettings("\n".join(problems)) from error


def _content(name: str, file: str) -> str:
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise BadSettings(f"{name}: {file} cannot be read: {_reason(error)}.") from error
    return text.removesuffix("\n").removesuffix("\r")


def _reason(error: OSError | UnicodeError) -> str:
    return (error.strerror or "unknown") if isinstance(error, OSError) else "it is not UTF-8"


def _invalid(place: tuple[int | str, ...], context: Mapping[str, object], message: str) -> str:
    """A sentence about a value. Pydantic puts "Value error, " before the message of a validator."""
    reason = str(context.get("error", message))
    return f"{PREFIX}{str(place[0]).upper()}: {reason}" if place else reason


def _unknown_variable(name: str) -> str:
    names = [each.removeprefix(PREFIX) for each in (*KNOWN, *FILES)]
    near = nearest_name(name.removeprefix(PREFIX), names)
    hint = "" if near is None else f" Did you mean {PREFIX}{near}?"
    return f"{name}: There is no such setting.{hint}"
