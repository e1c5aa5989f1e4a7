"""HTTP: routes, status codes, errors. The layers below know nothing of it."""
