"""Queries. Functions here take a session and never commit: the caller's transaction decides."""
