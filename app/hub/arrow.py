"""Tables on the wire: Arrow IPC streams, whole or as they are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import pyarrow as pa
from fastapi import Response

ARROW: Final = "application/vnd.apache.arrow.stream"


def whole(table: pa.Table, told: Mapping[str, str] | None = None) -> Response:
    """The table as one answer; `told` goes along as metadata of its schema."""
    stream = Stream(table.schema.with_metadata(dict(told) if told else None))
    parts = [*stream.add(table.replace_schema_metadata(stream.schema.metadata)), stream.end()]
    return Response(b"".join(parts), media_type=ARROW)


class Stream:
    """An IPC stream that gives its bytes as they come."""

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self._sink = Sink()
        self._writer = pa.ipc.new_stream(self._sink, schema)

    def add(self, table: pa.Table, told: Mapping[str, str] | None = None, most: int = 5_000) -> Iterator[bytes]:
        """The rows, in batches; `told` goes along as metadata of the last one, which may be empty."""
        batches = table.to_batches(max_chunksize=most)
        for batch in batches[:-1]:
            self._writer.write_batch(batch)
            yield self._sink.drained()
        last = batches[-1] if batches else pa.RecordBatch.from_pylist([], self.schema)
        self._writer.write_batch(last, custom_metadata=dict(told) if told else None)
        yield self._sink.drained()

    def end(self) -> bytes:
        """The end of the stream."""
        self._writer.close()
        return self._sink.drained()


class Sink:
    """A file that forgets what was taken from it, and still knows how much was written."""

    closed = False

    def __init__(self) -> None:
        self._held = bytearray()
        self._written = 0

    def write(self, data: bytes) -> int:
        self._held += memoryview(data)
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        """Everything is there at once."""

    def close(self) -> None:
        self.closed = True

    def drained(self) -> bytes:
        held, self._held = bytes(self._held), bytearray()
        return held
