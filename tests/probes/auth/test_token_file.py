"""Consents on disk: encrypted, whole at any instant, never overwritten by mistake."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from probes.auth.token_file import FileTokenStore
from probes.auth.tokens import Consent, Token, TokenStoreError, cache_key

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY = cache_key("a consent")
ONE, TWO = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))


def consent(refresh: str = "refresh-1", **more: object) -> Consent:
    access = {"v": Token(SecretStr("access-1"), NOW, NOW + timedelta(hours=1))}
    kept = Consent(SecretStr(refresh), NOW, NOW + timedelta(days=30), enrolled_at=NOW, account="ada", access=access)
    return replace(kept, **more)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "tokens"


def test_what_was_kept_is_read_by_the_next_process(folder: Path) -> None:
    FileTokenStore(folder, {}).keep(KEY, consent())
    assert FileTokenStore(folder, {}).read(KEY) == consent()


def test_nothing_kept_is_nothing_read_and_leaves_nothing_behind(folder: Path) -> None:
    assert FileTokenStore(folder, {}).read(KEY) is None
    assert not folder.exists()


@given(
    token=st.none() | st.text(min_size=1),
    account=st.text(),
    at=st.datetimes(timezones=st.just(UTC)),
    access=st.dictionaries(st.text(max_size=8), st.text(min_size=1), max_size=3),
)
def test_any_consent_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, token: str | None, account: str, at: datetime, access: dict[str, str]
) -> None:
    store = FileTokenStore(tmp_path_factory.mktemp("any"), {"LEADLINE_TOKEN_KEY": ONE})
    held = Consent(
        SecretStr(token) if token is not None else None,
        refresh_expires_at=at,
        account=account,
        access={name: Token(SecretStr(value), at, at) for name, value in access.items()},
        refused_at=at,
    )
    store.keep(KEY, held)
    assert store.read(KEY) == held


def test_no_token_is_on_the_disk_in_the_open(folder: Path) -> None:
    FileTokenStore(folder, {}).keep(KEY, consent())
    written = b"".join(path.read_bytes() for path in folder.iterdir())
    for secret in (b"refresh-1", b"access-1", b"ada"):
        assert secret not in written
        assert base64.b64encode(secret)[:8] not in written


def test_files_are_for_their_owner_only(folder: Path) -> None:
    FileTokenStore(folder, {}).keep(KEY, consent())
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_key_in_the_environment_leaves_none_on_the_disk(folder: Path) -> None:
    FileTokenStore(folder, {"LEADLINE_TOKEN_KEY": ONE}).keep(KEY, consent())
    assert [path.suffix for path in folder.iterdir()] == [".token"]


def test_a_key_may_lie_in_a_file_of_its_own(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text(f"{ONE}\n")
    FileTokenStore(folder, {"LEADLINE_TOKEN_KEY": f"${{file:{secret}}}"}).keep(KEY, consent())
    assert FileTokenStore(folder, {"LEADLINE_TOKEN_KEY": ONE}).read(KEY) == consent()


def test_a_new_key_before_the_old_one_takes_over_at_the_next_write(folder: Path) -> None:
    FileTokenStore(folder, {"LEADLINE_TOKEN_KEY": ONE}).keep(KEY, consent())
    both = FileTokenStore(folder, {"LEADLINE_TOKEN_KEY": f"{TWO},{ONE}"})
    assert both.read(KEY) == consent()
    both.keep(KEY, consent("refresh-2"))
    assert FileTokenStore(folder, {"LEADLINE_TOKEN_KEY": TWO}).read(KEY) == consent("refresh-2")


def test_a_key_in_the_environment_takes_over_from_the_file(folder: Path) -> None:
    FileTokenStore(folder, {}).keep(KEY, consent())
    after = FileTokenStore(folder, {"LEADLINE_TOKEN_KEY": ONE})
    assert after.read(KEY) == consent()
    after.keep(KEY, consent("refresh-2"))
    (folder / "key").unlink()
    assert FileTokenStore(folder, {"LEADLINE_TOKEN_KEY": ONE}).read(KEY) == consent("refresh-2")


def test_the_wrong_key_is_an_error_with_a_remedy_and_overwrites_nothing(folder: Path) -> None:
    store = FileTokenStore(folder, {"LEADLINE_TOKEN_KEY": ONE})
    store.keep(KEY, consent())
    before = store.file(KEY).read_bytes()
    with pytest.raises(TokenStoreError, match=r"locked with another key, or is damaged; set the LEADLINE_TOKEN_KEY"):
        FileTokenStore(folder, {"LEADLINE_TOKEN_KEY": TWO}).read(KEY)
    assert store.file(KEY).read_bytes() == before


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"", lambda b: b[:50] + b"A" + b[51:]])
def test_damage_is_noticed(folder: Path, damage: object) -> None:
    store = FileTokenStore(folder, {})
    store.keep(KEY, consent())
    store.file(KEY).write_bytes(damage(store.file(KEY).read_bytes()))  # type: ignore[operator]
    with pytest.raises(TokenStoreError, match="is damaged"):
        store.read(KEY)


def test_one_consent_cannot_be_passed_off_as_another(folder: Path) -> None:
    store, other = FileTokenStore(folder, {}), cache_key("another")
    store.keep(KEY, consent())
    store.keep(other, consent("refresh-of-another"))
    store.file(other).replace(store.file(KEY))
    with pytest.raises(TokenStoreError):
        store.read(KEY)


def test_a_lost_key_file_is_not_replaced_while_tokens_are_there(folder: Path) -> None:
    FileTokenStore(folder, {}).keep(KEY, consent())
    (folder / "key").unlink()
    for act in (lambda s: s.read(KEY), lambda s: s.keep(cache_key("new"), consent())):
        with pytest.raises(TokenStoreError, match="the token key is missing"):
            act(FileTokenStore(folder, {}))
    assert not (folder / "key").exists()


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("hunter2", "not base64"),
        (base64.b64encode(b"short").decode(), "5 bytes instead of 32"),
        ("${env:ABSENT}", "ABSENT is not set"),
    ],
)
def test_a_key_that_is_none_is_said_at_once_and_not_repeated(folder: Path, key: str, words: str) -> None:
    with pytest.raises(TokenStoreError, match=words) as caught:
        FileTokenStore(folder, {"LEADLINE_TOKEN_KEY": key})
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_what_could_not_be_written_is_written_at_the_next_look(folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("a file where the folder should be")
    store = FileTokenStore(folder, {})
    with pytest.raises(TokenStoreError, match="kept in memory only"):
        store.keep(KEY, consent("refresh-2"))
    with pytest.raises(TokenStoreError):
        store.read(KEY)
    folder.unlink()
    assert store.read(KEY) == consent("refresh-2")
    assert FileTokenStore(folder, {}).read(KEY) == consent("refresh-2")


def unwritten(folder: Path, kept: Consent) -> FileTokenStore:
    """A store that has kept `kept` in memory only, its folder there again."""
    store, aside = FileTokenStore(folder, {}), folder.with_name("aside")
    folder.rename(aside)
    folder.write_text("a file where the folder should be")
    with pytest.raises(TokenStoreError, match="kept in memory only"):
        store.keep(KEY, kept)
    folder.unlink()
    aside.rename(folder)
    return store


def test_what_could_not_be_written_never_replaces_a_consent_given_since(folder: Path) -> None:
    login = FileTokenStore(folder, {})
    login.keep(KEY, consent("refresh-1"))
    prober = unwritten(folder, consent("refresh-2"))
    anew = consent("refresh-of-a-new-consent", enrolled_at=NOW + timedelta(minutes=5))
    login.keep(KEY, anew)
    assert prober.read(KEY) == anew
    assert prober.read(KEY) == login.read(KEY) == anew


def test_a_look_from_another_thread_never_puts_a_spent_token_back(folder: Path) -> None:
    FileTokenStore(folder, {}).keep(KEY, consent("refresh-1"))
    store = unwritten(folder, consent("refresh-2"))
    with ThreadPoolExecutor(8) as threads:
        looks = [threads.submit(store.read, KEY) for _ in range(8)]
        kept = threads.submit(store.keep, KEY, consent("refresh-3"))
        kept.result()
        for look in looks:
            look.result()
    assert store.read(KEY) == FileTokenStore(folder, {}).read(KEY) == consent("refresh-3")


def test_drafts_of_killed_writers_are_swept_away(folder: Path) -> None:
    store = FileTokenStore(folder, {})
    store.keep(KEY, consent())
    (folder / f".{store.file(KEY).name}.99.abc").write_text("half")
    store.keep(KEY, consent("refresh-2"))
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


KILLED = """
import os, random, signal, sys, time
from pathlib import Path
from pydantic import SecretStr
from probes.auth.token_file import FileTokenStore
from probes.auth.tokens import Consent

folder, kills = Path(sys.argv[1]), int(sys.argv[2])
chance, seen, moved = random.Random(7), 0, 0
FileTokenStore(folder, {}).keep("k", Consent(SecretStr("0")))
for turn in range(kills):
    ours, theirs = os.pipe()
    writer = os.fork()
    if not writer:
        store, number = FileTokenStore(folder, {}), seen
        while True:
            number += 1
            store.keep("k", Consent(SecretStr(str(number)), account="x" * (number % 5000)))
            os.write(theirs, b"%d\\n" % number)
    os.close(theirs)
    # Every other one is killed after its first write, however busy the machine is.
    told = os.read(ours, 1 << 16) if turn % 2 else b""
    time.sleep(chance.uniform(0, 0.02))
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    told = [int(line) for line in (told + os.fdopen(ours, "rb").read()).split()]
    kept = int(FileTokenStore(folder, {}).read("k").refresh_token.get_secret_value())
    last = max(told, default=seen)
    assert kept in (last, last + 1), (kept, last)
    moved, seen = moved + (kept > seen), kept
print(seen, moved, len(list(folder.glob("*.token"))))
"""


@pytest.mark.slow
def test_a_writer_killed_at_any_instant_leaves_the_old_or_the_new_never_neither(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path / "tokens"), "200"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "PYTHONPATH": os.getcwd()}
    )
    assert done.returncode == 0, done.stderr
    writes, rounds_that_wrote, files = map(int, done.stdout.split())
    assert writes >= 100
    assert rounds_that_wrote >= 100
    assert files == 1
