"""What is written in the place of weak settings: Mozilla's intermediate profile."""

from __future__ import annotations

from plainwire.policy import profiles, server_configs
from plainwire.policy.profiles import Profile


def profile() -> Profile:
    """The profile that everything written here meets."""
    return profiles.load("mozilla-intermediate")


def openssl_suites() -> str:
    """Its suites up to TLS 1.2, as OpenSSL's list (ciphers(1))."""
    suites = [suite for suite in profile().emitted("suites") if "_WITH_" in suite]
    return ":".join(map(server_configs.openssl_name, suites))
