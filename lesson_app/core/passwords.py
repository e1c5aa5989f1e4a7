"""Hashing passwords, away from the event loop.

A good hash is slow on purpose: about 50 ms of work and 64 MiB of memory. In a coroutine that
would stop every other request, so it runs in a worker thread, a few at a time.
"""

import base64
import os
import secrets
from dataclasses import dataclass, field
from functools import partial

from anyio import CapacityLimiter, to_thread
from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from lesson_app.config import Settings


class _PasslibBcrypt(BcryptHasher):
    """Verifies the hashes that passlib wrote.

    bcrypt reads 72 bytes. Passlib cut a longer password there; bcrypt 5 raises an error instead.
    """

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:
        text = password.encode() if isinstance(password, str) else password
        return super().verify(text[:72], hash)


@dataclass(frozen=True)
class Verification:
    """What a verification found out."""

    matches: bool
    new_hash: str | None = field(default=None, repr=False)
    """A hash to store instead: the old one is bcrypt, or weaker than the settings ask for."""


class Passwords:
    """Hashes passwords with Argon2id, and verifies those and the bcrypt hashes of passlib.

    Args:
        settings: how costly a hash is.
    """

    def __init__(self, settings: Settings) -> None:
        hasher = Argon2Hasher(
            time_cost=settings.password_hash_rounds, memory_cost=settings.password_hash_memory_kib
        )
        self._hasher = PasswordHash((hasher, _PasslibBcrypt()))
        self._nobodys_hash = _hash_of_nothing(settings)
        # As many at once as there are processors: more would be no faster, and 40 threads (the
        # default pool's size) of 64 MiB each would be 2.5 GiB.
        self._limiter = CapacityLimiter(os.cpu_count() or 1)

    async def hash(self, password: str) -> str:
        """Return the Argon2id hash to store for a password."""
        return await to_thread.run_sync(self._hasher.hash, password, limiter=self._limiter)

    async def verify(self, password: str, stored_hash: str | None) -> Verification:
        """Compare a password with the hash of a user.

        Without a hash, because there is no such user, the same work is done on a hash that
        nothing matches: the time of the answer does not tell who has an account. (Where a user
        still has a bcrypt hash, its time differs until that user's next login replaces it.)
        """
        check = partial(self._verify, password, stored_hash or self._nobodys_hash)
        return await to_thread.run_sync(check, limiter=self._limiter)

    def _verify(self, password: str, stored_hash: str) -> Verification:
        try:
            return Verification(*self._hasher.verify_and_update(password, stored_hash))
        except (UnknownHashError, ValueError):
            # What is stored is no hash. The user cannot log in, and that must not be visible.
            return Verification(*self._hasher.verify_and_update(password, self._nobodys_hash))


def _hash_of_nothing(settings: Settings) -> str:
    """Make a hash that costs as much as any to verify, and nothing to make: its digest is random.

    The form is that of Argon2's reference implementation, with base64 without padding.
    """
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32)
    )
    memory, rounds = settings.password_hash_memory_kib, settings.password_hash_rounds
    return f"$argon2id$v=19$m={memory},t={rounds},p=4${salt}${digest}"
