"""Python files as facts: calls, bindings, functions and strings, with names resolved."""
