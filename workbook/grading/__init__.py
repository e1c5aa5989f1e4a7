"""Grading: run submitted notebooks apart from each other and from the requirements, and report.

Only the command line imports this package.
"""
