"""How files arrive: in memory, so that no copy of them lies about in a temporary folder, nor fills its disk."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from research.attaching import FILE_LIMIT


class InMemory(FileUploadHandler):
    """Keeps a file's bytes up to the limit of one file, and beyond it counts them only: it will be refused.

    The request as a whole is bounded by `refuse_too_much`.
    """

    chunk_size = 256 * 1024

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.file = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) <= FILE_LIMIT:
            self.file.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        if file_size > FILE_LIMIT:
            self.file = BytesIO()
        self.file.seek(0)
        return InMemoryUploadedFile(
            file=self.file,
            field_name=self.field_name,
            name=self.file_name,
            content_type=self.content_type,
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )
