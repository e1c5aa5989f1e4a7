"""What comes in and goes out as JSON. Never the tables themselves, so that nothing leaks."""
