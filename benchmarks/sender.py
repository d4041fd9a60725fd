"""A 27 MB mammogram that is another file each time, and a client that costs next to nothing.

The same client speaks to both sides: a blocking socket that sends slices of one buffer, so that neither copying nor an
HTTP library is part of what is measured."""

from __future__ import annotations

import io
import socket
from dataclasses import dataclass

from pydicom.uid import UID

from mammogram_viewer.synthetic.mammogram import SyntheticMammogram, build_mammogram

ROWS, COLUMNS = 4096, 3328  # 16 bits a pixel: 27.3 MB
_BOUNDARY = "benchmark-boundary-7d1f0c"
_UID_DIGITS = 30
_TIMEOUT_SECONDS = 60


class Mammogram:
    """One synthetic image whose SOP Instance UID is replaced for each sending: no two are duplicates."""

    def __init__(self, rows: int, columns: int) -> None:
        data_set = build_mammogram(SyntheticMammogram(seed=1, rows=rows, columns=columns))
        uid = UID(f"2.25.1{0:0{_UID_DIGITS}d}")
        data_set.SOPInstanceUID = uid
        data_set.file_meta.MediaStorageSOPInstanceUID = uid
        buffer = io.BytesIO()
        data_set.save_as(buffer, enforce_file_format=True)
        content = buffer.getvalue()
        self._uid = uid.encode()
        end = content.rfind(self._uid) + len(self._uid)
        self._head, self._rest = content[:end], memoryview(content)[end:]
        self._sent = 0

    @property
    def byte_count(self) -> int:
        return len(self._head) + len(self._rest)

    def another(self) -> list[bytes | memoryview]:
        """The next file, in pieces that share the pixels."""
        self._sent += 1
        return [self._head.replace(self._uid, f"2.25.1{self._sent:0{_UID_DIGITS}d}".encode()), self._rest]


@dataclass(frozen=True)
class Upload:
    """One request, ready to be sent: its head, and the body in pieces."""

    pieces: list[bytes | memoryview]

    @staticmethod
    def raw(file: list[bytes | memoryview], authorization: str) -> Upload:
        return Upload.of("application/dicom", file, authorization)

    @staticmethod
    def multipart(file: list[bytes | memoryview], authorization: str) -> Upload:
        start = (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="image.dcm"\r\n'
            "Content-Type: application/dicom\r\n\r\n"
        )
        pieces = [start.encode(), *file, f"\r\n--{_BOUNDARY}--\r\n".encode()]
        return Upload.of(f"multipart/form-data; boundary={_BOUNDARY}", pieces, authorization)

    @staticmethod
    def of(content_type: str, body: list[bytes | memoryview], authorization: str) -> Upload:
        head = (
            "POST /api/images HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: {authorization}\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {sum(map(len, body))}\r\nConnection: close\r\n\r\n"
        )
        return Upload([head.encode(), *body])

    def send(self, port: int) -> None:
        """Connect, send everything, read the whole answer; anything but 202 ends the benchmark."""
        with socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_SECONDS) as connection:
            for piece in self.pieces:
                connection.sendall(piece)
            answer = _read_to_the_end(connection)
        if not answer.startswith(b"HTTP/1.1 202"):
            raise SystemExit(f"The upload was not taken: {answer[:400].decode('utf-8', 'replace')}")


def _read_to_the_end(connection: socket.socket) -> bytes:
    """Up to Content-Length: a server may hold the connection open a little longer, and that is not the answer."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _more(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    missing = int(lengths[0]) - len(body)
    while missing > 0:
        more = _more(connection)
        answer, missing = answer + more, missing - len(more)
    return answer


def _more(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise SystemExit("The connection was closed before the answer was complete.")
    return received
