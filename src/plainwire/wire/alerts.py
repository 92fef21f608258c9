"""TLS alerts, with the names that IANA's "TLS Alerts" registry gives them (2025-11)."""

from __future__ import annotations

from dataclasses import dataclass

from plainwire.model import WireError

HANDSHAKE_FAILURE = 40
PROTOCOL_VERSION = 70
NO_APPLICATION_PROTOCOL = 120
# How a server says that it will not have what the hello offers, and not something else (a
# name, its own state): unexpected_message, handshake_failure, illegal_parameter, decode_error,
# protocol_version, insufficient_security, missing_extension, unsupported_extension.
REFUSALS = frozenset((10, 40, 47, 50, 70, 71, 109, 110))

NAMES = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed_RESERVED",
    22: "record_overflow",
    30: "decompression_failure_RESERVED",
    40: "handshake_failure",
    41: "no_certificate_RESERVED",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    52: "too_many_cids_requested",
    60: "export_restriction_RESERVED",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation_RESERVED",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable_RESERVED",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value_RESERVED",
    115: "unknown_psk_identity",
    116: "certificate_required",
    117: "general_error",
    120: "no_application_protocol",
    121: "ech_required",
}


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert in clear: ``level`` 1 is a warning, 2 is fatal."""

    level: int
    description: int

    @property
    def is_fatal(self) -> bool:
        """True if the sender ends the connection with it."""
        return self.level == 2

    @property
    def name(self) -> str:
        """The description's IANA name, or its number."""
        return NAMES.get(self.description, f"alert {self.description}")

    def __str__(self) -> str:
        return f"{'fatal' if self.is_fatal else 'warning'} alert {self.name}"


def parse_alert(data: bytes) -> Alert:
    """An alert, ``enum { warning(1), fatal(2), (255) } level; uint8 description`` (RFC 8446, 6).

    Raises:
        WireError: if it is not two bytes long or has another level.
    """
    if len(data) != 2 or data[0] not in (1, 2):
        raise WireError(f"RFC 8446, section 6: no alert in {data[:8].hex(' ')}")
    return Alert(data[0], data[1])
