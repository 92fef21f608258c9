"""Static flaws, one file each, in the folders of their layer."""
