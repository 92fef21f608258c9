"""Users and passwords that systems are delivered with: our own short list, dated 2026-11.

At most two for a name, so that hardly an account is locked by trying them.
"""

PAIRS = (
    ("admin", "admin"),
    ("admin", "password"),
    ("administrator", "administrator"),
    ("root", "root"),
    ("test", "test"),
    ("user", "user"),
    ("guest", "guest"),
    ("demo", "demo"),
)
