"""What can be done about findings, one file each, named for what it does."""
