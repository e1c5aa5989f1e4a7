"""What the layers share and that belongs to none of them."""
