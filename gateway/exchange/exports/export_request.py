"""The data to export and its format."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.exchange.formats.workbook_writer import can_write_workbooks
from gateway.exchange.mappings.reference_columns import RECORD_ENTITIES, Dataset
from gateway.storage.conditions import Filter


class ExportFormat(StrEnum):
    """The choices of format."""

    FO_PACKAGE = "fo-package"
    CSV = "csv"
    XLSX = "xlsx"
    BC_JSON = "bc-json"
    JSON_LINES = "jsonl"


FORMATS_OF = {
    Dataset.ORDERS: tuple(ExportFormat),
    Dataset.EVERYTHING: (ExportFormat.JSON_LINES,),
    **dict.fromkeys(
        RECORD_ENTITIES, (ExportFormat.JSON_LINES, ExportFormat.CSV, ExportFormat.XLSX)
    ),
}


class CannotExport(ValueError):
    """The requested export does not exist. The message is a sentence for people."""


@dataclass(frozen=True)
class ExportRequest:
    """The dataset to export and its format; the filter selects orders."""

    dataset: Dataset = Dataset.ORDERS
    format: ExportFormat = ExportFormat.JSON_LINES
    filter: Filter | None = None

    def check(self) -> None:
        """Raises CannotExport."""
        if self.format is ExportFormat.XLSX and not can_write_workbooks():
            raise CannotExport(
                "Workbooks need the extra xlsx: pip install 'sales-order-gateway[xlsx]'."
            )
        formats = FORMATS_OF[self.dataset]
        if self.format not in formats:
            *others, last = formats
            named = f"{', '.join(others)} or {last}" if others else last
            raise CannotExport(
                f"The format {self.format} is not available for {self.dataset}: use {named}."
            )
        if self.filter is not None and self.dataset in RECORD_ENTITIES:
            raise CannotExport(f"A filter selects orders: it is not available for {self.dataset}.")

    @property
    def is_workbook(self) -> bool:
        """Whether the file is a single workbook."""
        return self.format is ExportFormat.XLSX and self.dataset is not Dataset.ORDERS

    @property
    def is_archive(self) -> bool:
        tables = (ExportFormat.CSV, ExportFormat.XLSX)
        is_split = self.dataset is Dataset.ORDERS and self.format in tables
        return (
            self.format is ExportFormat.FO_PACKAGE or is_split or self.dataset is Dataset.EVERYTHING
        )
