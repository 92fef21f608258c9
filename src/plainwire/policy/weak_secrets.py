"""Secrets that stand in tutorials, examples and defaults: what a token is tried with first.

Our own short list, dated 2026-11: words of the kind that developers type until they think of
a secret, the defaults of frameworks' documentation, and both with the usual endings.
"""

from __future__ import annotations

from collections.abc import Iterator

_WORDS = """
    secret password random key test admin token jwt changeme default example private supersecret
    mysecret mysecretkey secretkey secret_key secret-key your-secret-key your_secret_key
    yoursecretkey your-256-bit-secret your-384-bit-secret your-512-bit-secret my-secret-key
    my_secret_key jwt-secret jwt_secret jwtsecret jwt-secret-key jwt_secret_key jwtsecretkey
    super-secret super_secret super-secret-key supersecretkey super_secret_key topsecret
    top-secret verysecret very-secret very_secret notsecret not-a-secret s3cr3t s3cret p@ssw0rd
    passw0rd pass pass1 password1 passphrase letmein welcome qwerty qwertyuiop abc abc123 abcdef
    foo bar foobar baz hello helloworld hello-world world dev develop development debug prod
    production staging local localhost testing tests demo sample app application api apikey
    api-key api_key api-secret api_secret auth auth-secret authsecret access access-secret
    refresh refresh-secret session session-secret cookie signing signing-key signingkey sign
    signature hmac hash hs256 sha256 salt seed root toor user guest master masterkey master-key
    mykey my-key my_key thisisasecret this-is-a-secret this_is_a_secret thisismysecret
    this-is-my-secret thisissecret this-is-secret shhhh shhhhh shhhhhh shh keyboardcat
    flask flask-secret flask_secret django django-insecure fastapi express nodejs node spring
    laravel rails symfony python java javascript golang php ruby rust company company-secret
    server server-secret client client-secret client_secret service backend frontend web
    webapp mobile database db mysql postgres postgresql mongo mongodb redis docker kubernetes
    secret1 secret12 secret123 secret1234 secret12345 key123 test123 admin123 token123 jwt123
    change-me change_me changeit change-this change_this changethis replace-me replaceme fixme
    todo none null undefined empty true false string value insecure unsafe weak simple temp
    temporary tmp asdf asdfgh asdfghjkl zxcvbn iloveyou dragon monkey football baseball sunshine
    princess shadow superman batman trustno1 whatever nothing something anything dontusethis
    donttellanyone sekret geheim passwort clave secreto motdepasse senha segreto hemlig
    ThisIsASecret MySecretKey SuperSecretKey YourSecretKey SecretKey TopSecret Secret Password
    Random JWT JWT_SECRET SECRET SECRET_KEY JWT_SECRET_KEY PASSWORD KEY TEST ADMIN
    0 1 12 123 1234 12345 123456 1234567 12345678 123456789 1234567890 0123456789 00000000
    11111111 000000 111111 123123 654321 987654321 0000 1111
"""
_PHRASES = (
    b"",
    b"keyboard cat",
    b"my secret",
    b"my secret key",
    b"secret key",
    b"super secret",
    b"super secret key",
    b"your secret key",
    b"this is a secret",
    b"this is my secret",
    b"this is a secret key",
    b"thisisthesecretkey",
    b"you-will-never-guess",
    b"change me",
    b"hello world",
    b'_5#y2L"F4Q8z\n\xec]/',  # Flask's quickstart
)
_ENDINGS = ("", "1", "123", "!", "2023", "2024", "2025", "2026", "_key", "-key", "_secret")


def words() -> Iterator[bytes]:
    """Every secret of the list, about three thousand."""
    yield from _PHRASES
    for word in _WORDS.split():
        for ending in _ENDINGS:
            yield f"{word}{ending}".encode()


def numbers() -> Iterator[bytes]:
    """Every number of up to six digits, with and without leading zeros: 1.1 million."""
    for width in range(1, 7):
        for number in range(10**width):
            yield b"%0*d" % (width, number)
