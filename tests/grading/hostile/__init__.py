"""Notebooks that try to forge, to read, to harm or to hang: what each of them must come to."""
