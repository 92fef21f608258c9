"""``python -m plainwire``."""

from plainwire.cli import main

raise SystemExit(main())
