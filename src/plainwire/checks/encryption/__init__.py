"""Missing or weak TLS on the wire."""
