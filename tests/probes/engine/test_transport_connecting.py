"""Which address is connected to, and that a broken one is seen: one after the other, each with its share of time."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from probes.model import FailureKind
from probes.transport import TransportFailure
from probes.transport.connecting import Address, connect, resolve


def address(host: str, port: int) -> Address:
    return socket.AF_INET, (host, port)


@contextlib.contextmanager
def listening(host: str, port: int = 0) -> Iterator[int]:
    with socket.create_server((host, port)) as server:
        yield int(server.getsockname()[1])


@contextlib.contextmanager
def deaf(host: str, port: int) -> Iterator[None]:
    """A listener whose queue is full: a connection request to it gets no answer at all."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((host, port))
        server.listen(0)
        for _ in range(3):
            filling = stack.enter_context(socket.socket())
            filling.setblocking(False)
            filling.connect_ex((host, port))
        yield


async def test_the_first_address_that_answers_is_taken_and_the_ones_before_it_are_named() -> None:
    with listening("127.0.0.1") as port:
        reached = await connect([address("127.0.0.2", port), address("127.0.0.1", port)], 1.0)
        with reached.stream:
            assert reached.stream.getpeername()[0] == "127.0.0.1"
    assert reached.refusals == ("127.0.0.2: connection refused",)


async def test_the_systems_first_choice_is_kept_even_if_the_second_would_answer_sooner() -> None:
    with listening("127.0.0.1") as port, listening("127.0.0.2", port):
        reached = await connect([address("127.0.0.2", port), address("127.0.0.1", port)], 1.0)
        with reached.stream:
            assert reached.stream.getpeername()[0] == "127.0.0.2"
    assert reached.refusals == ()


async def test_a_silent_address_costs_its_share_and_not_the_whole_limit() -> None:
    with listening("127.0.0.1") as port, deaf("127.0.0.2", port):
        began = time.monotonic()
        reached = await connect([address("127.0.0.2", port), address("127.0.0.1", port)], 2.6)
        took = time.monotonic() - began
    with reached.stream:
        assert reached.refusals == ("127.0.0.2: no answer within 1.3 s",)
    assert 1.29 <= took < 2.6


async def test_a_failure_names_every_address_by_its_reason() -> None:
    with listening("127.0.0.9") as port, deaf("127.0.0.4", port), pytest.raises(TransportFailure) as caught:
        await connect([address(f"127.0.0.{last}", port) for last in (2, 3, 4)], 0.1)
    assert caught.value.kind is FailureKind.CONNECT
    assert caught.value.timed_out
    refused, _, silent = caught.value.message.partition("; ")
    assert refused == f"connection refused (127.0.0.2, 127.0.0.3, port {port})"
    assert silent.startswith("no answer within 0.")
    assert silent.endswith(f"(127.0.0.4, port {port})")


async def test_addresses_that_the_limit_leaves_no_time_for_are_not_said_to_have_been_tried() -> None:
    with listening("127.0.0.9") as port, deaf("127.0.0.2", port), pytest.raises(TransportFailure) as caught:
        await connect([address("127.0.0.2", port), address("127.0.0.3", port)], 0.05)
    assert caught.value.message == f"no answer within 0.05 s (127.0.0.2, port {port})"


async def test_a_look_up_gives_each_address_once_in_the_systems_order() -> None:
    given = socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)
    assert await resolve("localhost", 80) == list(dict.fromkeys((family, where) for family, *_, where in given))
