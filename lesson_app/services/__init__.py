"""Use cases that are more than one query: what the shop does, and in which transaction.

A function here may commit, where the outcome has to be kept although the request fails, or where
slow work must not hold a connection of the database. It says so.
"""
