"""What a file is, by its name and then by its content, and which environment it is for."""

from __future__ import annotations

import re

from plainwire.model import Environment, Format

_NAMES: tuple[tuple[str, Format], ...] = (
    (r"(.*[._-])?dockerfile([._-].*)?|containerfile([._-].*)?", "dockerfile"),
    (r"(docker-)?compose([-._].*)?\.ya?ml|.*[-._]compose\.ya?ml", "compose"),
    (r"procfile(\..*)?", "procfile"),
    (r"\.flaskenv|\.env([-._].*)?", "env"),
    (r".*\.env([-._](example|sample|template|dist))?|env\.(?!ya?ml$)\w+", "env"),
    (r"gunicorn[\w.-]*\.py(\.j2|\.jinja2?)?|.*gunicorn.*conf.*\.py(\.j2)?", "gunicorn"),
    (r"requirements[\w.-]*\.(txt|in)|pipfile|setup\.(py|cfg)|pyproject\.toml", "requirements"),
    (r".*\.py(\.(j2|jinja2?|tmpl|tpl|template))?|.*\.pyw|.*\.wsgi", "python"),
    (r".*\.(html?|vue|jinja2?|j2|xhtml|tpl|mako|svg)", "template"),
    (r".*\.(jsx?|mjs|cjs|tsx?|css|scss|less)", "script"),
    (r"caddyfile(\..*)?|.*\.caddyfile", "caddy"),
    (r"haproxy.*\.(cfg|conf)", "haproxy"),
    (r".*\.(sh|bash)", "shell"),
    (r".*\.(service|socket)|supervisord?.*\.(conf|ini)|.*\.ini|.*\.cfg", "ini"),
    (r".*\.tf(vars)?", "terraform"),
    (r".*\.ya?ml", "yaml"),
    (r".*\.toml", "toml"),
    (r"(app|heroku|package|vercel|fly)\.json", "json"),
    (
        r"([\w-]*[._-])?(config|configuration|settings|secrets?|credentials)([._-]\w+)?\.json",
        "json",
    ),
)
_BY_NAME = tuple((re.compile(pattern, re.IGNORECASE), format) for pattern, format in _NAMES)
_NGINX = re.compile(
    r"^[ \t]*(server\s*\{|upstream\s+[\w.-]+\s*\{|location\s+[^{]+\{|listen\s+[^;]+;|proxy_pass\s"
    r"|http\s*\{[^{}]*;)",
    re.M,
)
_NGINX_SNIPPET = re.compile(
    r"^[ \t]*(ssl_(protocols|ciphers|certificate(_key)?)|proxy_set_header|proxy_ssl_verify"
    r"|add_header[ \t]+[\w-]+)[ \t]+[^;{}\n]+;",
    re.M,
)
_APACHE = re.compile(
    r"^[^\S\n]*<(VirtualHost|IfModule)\b|^[ \t]*(ProxyPass|WSGIScriptAlias)\s", re.M | re.I
)
_HAPROXY = re.compile(r"^(frontend|backend|listen)[ \t]+\S+[ \t]*$", re.M)
_HAPROXY_SERVER = re.compile(r"^[ \t]+(bind|server)\s", re.M)
_TRAEFIK = re.compile(
    r"^(entryPoints:|\[entryPoints\b|\[http\.(routers|services|middlewares)\b)"
    r"|^http:[ \t]*\n([ \t]*(#.*)?\n)*[ \t]+(routers|services|middlewares):",
    re.M,
)
_WORKFLOW = re.compile(
    r"(^|/)\.(github/(workflows|actions)|gitea/workflows|forgejo/workflows|circleci)/"
    r"|(^|/)(\.gitlab-ci|azure-pipelines|bitbucket-pipelines)\.ya?ml$"
)
_SHEBANG = re.compile(r"#!.*\b(sh|bash|dash|ash|zsh)\b")
_SHEBANG_PYTHON = re.compile(r"#!.*\bpython[\d.]*\b")
# Flask's configuration in a file of its own (from_pyfile), which is Python and has no sections.
_ASSIGNS = re.compile(
    r"^[A-Z][A-Z0-9_]{2,}[ \t]*=[ \t]*([bru]?[\"'(\[{\d]|(True|False|None)\b|os\.)", re.M
)
_SECTION = re.compile(r"^[ \t]*\[[^\]\n]+\][ \t]*$", re.M)
_INI = re.compile(r"^\[(program:|uwsgi|Unit\]|Service\])", re.M)
# Variables alone, as a file for env_file of compose or EnvironmentFile of systemd has them.
_VARIABLES = re.compile(r"(?:[ \t]*(?:#[^\n]*|(?:export )?[A-Z][A-Z0-9_]{2,60}=[^\n]*)?(?:\n|\Z))+")

_PRIVATE_KEY = re.compile(r"^-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----", re.M)
_CERTIFICATE = re.compile(r"\s{0,20}-----BEGIN CERTIFICATE-----")
_KUBECONFIG = re.compile(r"^[ \t]+client-key-data:", re.M)
_JWK = re.compile(r"\"kty\"\s*:\s*\"(oct|RSA|EC|OKP)\"")
_SECRET_FILE = re.compile(r"passw(or)?d|secret|token|api[_-]?key", re.IGNORECASE)

_VENDORED = re.compile(
    r"(^|/)(vendor|vendored|third[_-]?party|node_modules|bower_components|dist|build|bundles?"
    r"|static/(js|css)?/?(lib|libs|vendor|plugins?|bootstrap|jquery)[\w.-]*)/"
    r"|\.min\.(js|css)$|(^|/)(jquery|bootstrap|d3|react|vue|angular|moment|popper|chart)[\w.-]*\.(js|css)$"
    r"|\.bundle\.js$|(^|/)package-lock\.json$",
    re.IGNORECASE,
)
_TEST = re.compile(
    r"(^|/)(tests?|testing|testdata|spec|specs|e2e|__tests__|fixtures?|cypress|benchmarks?)/"
    r"|(^|/)([\w-]+[_-]tests?/|\w*tests?/(unit|functional|integration)/)"
    r"|(^|/)(test_[^/]*|[^/]*_test|conftest|[^/]*\.(test|spec))\.\w+$|(^|[._/-])test[._-]?(compose|env|config|settings)"
    r"|(^|/)\.ci/|(^|/)(tox|pytest)\.ini$|[-._]ci[-._]|(^|/)[^/]*_tester\.py$|compose[-._]test|\.env[-._]test|dockerfile[-._]test|[-._]tests?\.(ya?ml|env|cfg|ini|conf)$|(^|/)tests?(ing)?\.cfg$",
    re.IGNORECASE,
)
# A place that software is deployed to, and no test of it: the pods that Helm tests with are.
_TEST_PLACE = re.compile(
    r"(^|/)(deploy(ments?)?|k8s|kubernetes|nginx|environments?|envs?|overlays)/([^/]+/)*(test|qa)/[^/]*$",
    re.IGNORECASE,
)
_DEPLOYS = frozenset(
    {"nginx", "apache", "caddy", "haproxy", "traefik", "compose", "kubernetes", "terraform"}
)
_DOCUMENTATION = re.compile(
    r"(^|/)(docs?(_src)?|documentation|\.github|\.gitlab|\.circleci|migrations?|migrate|alembic)/|(^|/)(noxfile|fabfile|setup)\.py$"
    r"|(^|/)\.(gitlab-ci|travis|pre-commit-config)\.ya?ml$",
    re.IGNORECASE,
)
# Tasks for developers (invoke); those of Celery are the application's.
_TASKS = re.compile(r"(^|/)tasks\.py$")
_INVOKE = re.compile(r"^[^\S\n]*(from|import)\s+invoke\b", re.MULTILINE)
_EXAMPLE = re.compile(r"(^|/)(examples?|samples?|demos?|playground)/", re.IGNORECASE)
_DEVELOPMENT = re.compile(
    r"(^|[/._-])(dev|devel|development|local|debug|vagrant)([/._-]|$)|(^|/)\.flaskenv$|(^|/)\.(dev|[\w-]+-)container/"
    r"|compose\.override\.ya?ml$",
    re.IGNORECASE,
)
_STAGING = re.compile(r"(^|[/._-])(staging|stage|preprod|uat)([/._-]|$)", re.IGNORECASE)
_SAYS_DEVELOPMENT = re.compile(
    r"^#.*\b(development\W+(use\W+|purposes\W+)?only|for\W+(the\W+)?(local\W+)?development"
    r"|local\W+development|development\W+(setup|environment|server|purposes)"
    r"|(only|just) for (development|testing|local)|do not use (this )?in production"
    r"|not for production|dev(elopment)? environment)",
    re.IGNORECASE | re.MULTILINE,
)
_WHOLE = frozenset({"compose", "env", "yaml", "kubernetes", "shell", "nginx", "ini"})


def is_vendored(path: str) -> bool:
    """True if a file is another project's, copied or built."""
    return bool(_VENDORED.search(path))


def format_of(path: str, text: str) -> Format | None:
    """A file's format. Returns None if it is none that is read."""
    name = path.rpartition("/")[2]
    head = text[:20_000]
    found = next((format for pattern, format in _BY_NAME if pattern.fullmatch(name)), None)
    if found == "ini" and name.endswith(".cfg") and _is_pyfile(head):
        return "python"
    is_short_secret = len(text) < 500 and _SECRET_FILE.search(name)
    holds_key = (pattern.search(head) for pattern in (_PRIVATE_KEY, _JWK, _KUBECONFIG))
    if found is None and (is_short_secret or _CERTIFICATE.match(head) or any(holds_key)):
        return "other"
    if found == "yaml" and _WORKFLOW.search(path):
        return "workflow"
    if found in ("yaml", "toml") and _TRAEFIK.search(head):
        return "traefik"
    if found == "yaml" and name not in ("render.yaml", "render.yml", "heroku.yml"):
        return _yaml(head)
    if found == "env" and not re.search(r"^[ \t]*(export\s+)?\w+[ \t]*=", head, re.M):
        found = None
    is_any = found in ("ini", "template", None)
    if is_any or (found != "python" and name.endswith((".conf", ".j2", ".tmpl", ".template"))):
        by_content = _by_content(name, head)
        if by_content is not None:
            return by_content
    return found


def _is_pyfile(head: str) -> bool:
    """True for settings written as Python assigns them."""
    return bool(_ASSIGNS.search(head)) and not _SECTION.search(head)


def _by_content(name: str, head: str) -> Format | None:
    # What is cheap to see first: most files that come here are none of these.
    names_a_section = any(word in head for word in ("frontend", "backend", "listen"))
    if names_a_section and _HAPROXY.search(head) and _HAPROXY_SERVER.search(head):
        return "haproxy"
    if not name.endswith((".html", ".js", ".php")):
        if "{" in head and ";" in head and _NGINX.search(head):
            return "nginx"
        if ";" in head and _NGINX_SNIPPET.search(head):
            return "nginx"
        if _APACHE.search(head):
            return "apache"
    if "[" in head and _INI.search(head):
        return "ini"
    if _VARIABLES.fullmatch(head) and "=" in head:
        return "env"
    first = head.partition("\n")[0]
    if _SHEBANG.match(first):
        return "shell"
    if _SHEBANG_PYTHON.match(first):
        return "python"
    return None


def _yaml(head: str) -> Format:
    if re.search(r"^kind:\s*[\"']?\w+", head, re.M) and re.search(r"^apiVersion:", head, re.M):
        return "kubernetes"
    if re.search(r"^services:[ \t]*$", head, re.M) and re.search(
        r"^[ \t]+(image|build|ports|command|environment):", head, re.M
    ):
        return "compose"
    return "yaml"


def environment_of(path: str, text: str, known: Format | None = None) -> Environment:
    """Which environment a file is for: by its path, then by what its comments say of the whole.

    ``known`` is its format, if that was asked for already.
    """
    if is_vendored(path):
        return "vendored"
    if _TEST.search(path):
        is_place = "/templates/" not in path and _TEST_PLACE.search(path)
        return "staging" if is_place and (known or format_of(path, text)) in _DEPLOYS else "test"
    if _DOCUMENTATION.search(path) or (_TASKS.search(path) and _INVOKE.search(text[:20_000])):
        return "documentation"
    if _DEVELOPMENT.search(path):
        return "development"
    if _EXAMPLE.search(path):
        return "example"
    if _STAGING.search(path):
        return "staging"
    kind = known or format_of(path, text)
    if kind in _WHOLE and _SAYS_DEVELOPMENT.search("\n".join(text.split("\n", 12)[:12])):
        return "development"
    return "production"
