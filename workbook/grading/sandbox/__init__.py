"""What keeps a submission away from the machine, the grader and the other submissions.

Two levels. `namespaces`: a file system, process ids, a network and users of its own, and all that
the other level has. `landlock`: the machine's, but Landlock, seccomp and limits forbid their use.
"""
