"""Configurations of reverse proxies, moved into a folder: paths, ports, names and certificates.

What a proxy decides (which headers it sets, what it redirects, which TLS it speaks) is left alone.
"""

from plainwire.fix.proof.proxies.moved import Moved, Mover

__all__ = ["Moved", "Mover"]
