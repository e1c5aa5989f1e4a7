"""What stands around the whole app: each layer is plain ASGI and does one thing."""
