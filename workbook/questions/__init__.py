"""The quiz questions, one module for each chapter; importing a module registers them."""
