"""plainwire finds, proves and removes missing or weak TLS in Flask APIs."""

__version__ = "0.1.0"
