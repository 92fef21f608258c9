"""Live flaws, one file each, in the twelve category folders."""
