"""A line of so many bits a second between a browser and a server: `python -m benchmarks.viewer.line PORT TO MBITS MS`.

A proxy rather than the browser's own emulation, which leaves requests of workers out: whatever asks, the bytes of all
connections together take their time here. One bucket a direction; each byte also comes half of MS milliseconds late."""

from __future__ import annotations

import asyncio
import contextlib
import sys

_PIECE = 16 * 1024
_AHEAD = 24  # pieces on their way at once: more than the line holds in its delay
_DEPTH_SECONDS = 0.005  # of the bucket: what timers that are late may make up for


class Bucket:
    """Gives bytes their times: one after the other at the line's rate."""

    def __init__(self, bytes_per_second: float) -> None:
        self._rate = bytes_per_second
        self._free_at = 0.0
        self.total = 0

    def passed_at(self, count: int) -> float:
        """When the last of the next `count` bytes has passed."""
        self.total += count
        earliest = asyncio.get_running_loop().time() - _DEPTH_SECONDS
        self._free_at = max(earliest, self._free_at) + count / self._rate
        return self._free_at


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bucket: Bucket, delay: float) -> None:
    loop = asyncio.get_running_loop()
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_AHEAD)

    async def arrive() -> None:
        while True:
            at, piece = await under_way.get()
            if (wait := at - loop.time()) > 0.0005:
                await asyncio.sleep(wait)
            if not piece:
                return
            # Whoever has gone away needs no more; what is still read for them must not wait in vain.
            with contextlib.suppress(ConnectionError):
                writer.write(piece)
                await writer.drain()

    arriving = asyncio.create_task(arrive())
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(_PIECE):
            passed = bucket.passed_at(len(piece))
            await under_way.put((passed + delay, piece))
            if (ahead := passed - loop.time()) > 0.002:
                await asyncio.sleep(ahead)
    await under_way.put((0.0, b""))
    await arriving
    writer.close()


async def serve(port: int, to: int, megabits: float, delay_ms: float) -> None:
    rate, delay = megabits * 1e6 / 8, delay_ms / 2000
    down, up = Bucket(rate), Bucket(rate)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(
            _pump(reader, there_writer, up, delay), _pump(there_reader, writer, down, delay), return_exceptions=True
        )

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])))
