from __future__ import annotations

import threading

from app.pulse import Pulse, Why


async def test_every_listener_hears_a_beat_from_another_thread() -> None:
    pulse = Pulse()
    with pulse.listen() as one, pulse.listen() as other:
        thread = threading.Thread(target=pulse.beat, args=(Why.JUDGED,))
        thread.start()
        assert (await one.heard(30), await other.heard(30)) == (Why.JUDGED, Why.JUDGED)
        thread.join()


async def test_beats_that_nobody_took_yet_are_one_and_the_heaviest_counts() -> None:
    pulse = Pulse()
    with pulse.listen() as ear:
        pulse.beat(Why.ACTED)
        pulse.beat(Why.JUDGED)
        assert await ear.heard(30) is Why.ACTED
        assert await ear.heard(0) is Why.STILL


async def test_whoever_stopped_listening_is_forgotten() -> None:
    pulse = Pulse()
    with pulse.listen():
        pass
    pulse.beat(Why.ACTED)
    assert not pulse._ears
