"""Hashing and verifying passwords."""

import asyncio
import threading

import bcrypt
import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from pwdlib.hashers.argon2 import Argon2Hasher

from lesson_app import InMemorySettings
from lesson_app.core.passwords import Passwords

pytestmark = pytest.mark.anyio

# What passlib 1.7.4 wrote for "secret": bcrypt, prefix 2b, and cheap rounds for a fast test.
PASSLIB_HASH = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(InMemorySettings(password_hash_memory_kib=64))


async def test_a_hash_is_argon2id_with_the_costs_of_the_settings(passwords):
    """The stored text names the algorithm and what it costs."""
    assert (await passwords.hash("secret")).startswith("$argon2id$v=19$m=64,t=1,p=4$")


async def test_a_password_matches_its_hash_only(passwords):
    """The right password matches, and a good hash is not replaced."""
    stored = await passwords.hash("secret")
    right, wrong = [await passwords.verify(text, stored) for text in ("secret", "Secret")]
    assert (right.matches, right.new_hash, wrong.matches) == (True, None, False)


async def test_audit_10_1_a_hash_of_passlib_matches_and_is_replaced(passwords):
    """Audit 10.1: a user of an older shop logs in as before, and leaves with an Argon2id hash."""
    verification = await passwords.verify("secret", PASSLIB_HASH)
    assert verification.matches
    assert verification.new_hash.startswith("$argon2id$")
    assert (await passwords.verify("secret", verification.new_hash)).new_hash is None
    assert not (await passwords.verify("Secret", PASSLIB_HASH)).matches


async def test_audit_10_1_bcrypt_reads_72_bytes_as_it_did_under_passlib(passwords):
    """Audit 10.1: a longer password, of which passlib hashed the beginning, is no error."""
    stored = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    assert (await passwords.verify("x" * 100, stored)).matches


async def test_a_cheaper_hash_is_replaced(passwords):
    """Who raises the costs in the settings need not ask users for a new password."""
    dearer = Passwords(InMemorySettings(password_hash_memory_kib=128))
    verification = await dearer.verify("secret", await passwords.hash("secret"))
    assert verification.new_hash is not None
    assert verification.new_hash.startswith("$argon2id$v=19$m=128,")


@pytest.mark.parametrize(
    "stored",
    [None, "", "secret", PASSLIB_HASH[:4] + "99" + PASSLIB_HASH[6:]],
    ids=["no user", "no password", "not a hash", "impossible bcrypt"],
)
async def test_audit_10_3_no_user_costs_the_same_work(passwords, monkeypatch, stored):
    """Audit 10.3: where nothing can match, one whole Argon2id verification is made all the same."""
    verified: list[str] = []
    verify = Argon2Hasher.verify

    def counting_verify(self: Argon2Hasher, password: str, hash: str) -> bool:
        verified.append(hash)
        return verify(self, password, hash)

    monkeypatch.setattr(Argon2Hasher, "verify", counting_verify)
    assert not (await passwords.verify("secret", stored)).matches
    [hash_of_nothing] = verified
    assert hash_of_nothing.startswith("$argon2id$v=19$m=64,t=1,p=4$")
    # It is compared to the end: a hash that cannot be read would be refused without any work.
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(hash_of_nothing, "secret")


async def test_audit_10_3_hashing_leaves_the_event_loop_free(passwords, monkeypatch):
    """Audit 10.3: while one password is hashed, in a thread, the loop runs something else."""
    loop_ran = threading.Event()

    def hash_when_the_loop_ran(password: str) -> str:
        assert loop_ran.wait(timeout=10)
        return "hash"

    monkeypatch.setattr(passwords._hasher, "hash", hash_when_the_loop_ran)
    hashing = asyncio.create_task(passwords.hash("secret"))
    await asyncio.sleep(0)
    loop_ran.set()
    assert await hashing == "hash"


async def test_few_passwords_are_hashed_at_once(passwords, monkeypatch):
    """Fifty logins at once do not take fifty times the memory."""
    monkeypatch.setattr(passwords._limiter, "total_tokens", 2)
    running = 0
    peak = 0
    lock = threading.Lock()

    def count_and_hash(password: str) -> str:
        nonlocal running, peak
        with lock:
            running += 1
            peak = max(peak, running)
        threading.Event().wait(0.001)
        with lock:
            running -= 1
        return "hash"

    monkeypatch.setattr(passwords._hasher, "hash", count_and_hash)
    await asyncio.gather(*(passwords.hash("secret") for _ in range(50)))
    assert peak <= 2


async def test_a_verification_does_not_show_a_hash(passwords):
    """What lands in a log by its repr holds nothing to crack."""
    assert "$" not in repr(await passwords.verify("secret", PASSLIB_HASH))
