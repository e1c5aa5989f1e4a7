"""The exercises, one module for each chapter; importing a module registers its exercises."""
