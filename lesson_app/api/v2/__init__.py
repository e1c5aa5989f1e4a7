"""Version 2 of the API: only what differs from version 1, which goes on for all the rest."""
