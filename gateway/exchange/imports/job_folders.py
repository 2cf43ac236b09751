"""The import folder. It stores the uploaded files of each job until their rows are staged, and its own
identity, which is the same for all hosts that share it."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from gateway.exchange.formats.import_options import ImportOptions
from gateway.exchange.formats.sources import FileLocation
from gateway.exchange.imports.recognised_files import RecognisedFiles, recognise_files
from gateway.exchange.mappings.mapped_sheets import read_mapped_sheets
from gateway.exchange.mappings.mapping_file import MappingFile, read_mapping

IDENTITY = "folder-id"
"""A file with the identity of the folder."""

FILES, DESCRIPTION, PARTIAL = "files", "said.json", "said.part"
"""The content of a job's folder: a folder with its files, the description of how to read them, and a
description that is still being written."""


@dataclass(frozen=True)
class JobFolders:
    """A subfolder of `root` for each job."""

    root: Path

    def identity(self) -> str | None:
        """A GUID; None if the folder has never contained files."""
        try:
            return str(uuid.UUID((self.root / IDENTITY).read_text()))
        except (OSError, ValueError):
            return None

    def identify(self) -> str:
        """The identity, which is created if there is none. Hosts that do so at the same time agree on
        one."""
        if (known := self.identity()) is not None:
            return known
        self.root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.root) as folder:
            own = Path(folder) / IDENTITY
            own.write_text(str(uuid.uuid4()))
            try:
                os.link(own, self.root / IDENTITY)
            except FileExistsError:
                if self.identity() is None:  # a power failure has left an empty file
                    own.replace(self.root / IDENTITY)
        identity = self.identity()
        if identity is None:
            raise OSError(f"{self.root / IDENTITY} cannot be read")
        return identity

    def receive(
        self,
        key: str,
        files: Sequence[FileLocation],
        options: ImportOptions,
        mapping: MappingFile | None,
    ) -> None:
        """Move the files of a job into its folder, and then write their description atomically."""
        folder = self.root / key
        (folder / FILES).mkdir(parents=True, exist_ok=True)
        for file in files:
            destination = folder / FILES / file.path.name
            shutil.move(file.path, destination)
            file.path = destination
        description = {
            "files": [file.path.name for file in files],
            "options": options.stored(),
            "mapping": None if mapping is None else (mapping.name, mapping.text),
        }
        (folder / PARTIAL).write_bytes(orjson.dumps(description))
        (folder / PARTIAL).replace(folder / DESCRIPTION)

    def files(self, key: str) -> RecognisedFiles:
        """The files of a job. Raises FileRefused, OSError if the files are missing, and
        ValueError if their description is incomplete."""
        description = orjson.loads((self.root / key / DESCRIPTION).read_bytes())
        paths = [self.root / key / FILES / name for name in description["files"]]
        options, stated = ImportOptions.read(description["options"]), description["mapping"]
        mapping = None if stated is None else read_mapping(stated[0], stated[1].encode())
        return recognise_files(read_mapped_sheets(paths, options, mapping))

    def keys(self) -> list[str]:
        """The ids of the jobs that have a folder."""
        return [path.parent.name for path in self.root.glob(f"*/{FILES}")]

    def drop(self, key: str) -> None:
        shutil.rmtree(self.root / key, ignore_errors=True)
