"""One renderer a file, each `render(reports) -> str`."""
