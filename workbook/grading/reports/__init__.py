"""What grading hands out: tables, pages, sheets. All of it is made from marks and nothing else."""
