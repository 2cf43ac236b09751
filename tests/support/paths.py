"""The paths of project files that tests read."""

from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DATA = ROOT / "tests" / "data"
SCHEMA_FILE = ROOT / "schema.graphql"
