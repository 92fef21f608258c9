"""One reader a format of deployment file, each a pure function from a file to facts."""
