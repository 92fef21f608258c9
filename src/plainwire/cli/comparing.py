"""``--against FILE``: what changed since an old report, told instead of the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from plainwire.cli import outputs
from plainwire.cli.outputs import Output
from plainwire.gate import Tally
from plainwire.model import Report, UsageError
from plainwire.report import tls_diff

MAX_BYTES = 256_000_000
TOLD = ("text", "json", "jsonl")


class Comparison:
    """Compares reports with those of a file as they come. A change for the worse fails.

    Raises:
        UsageError: if the file cannot be read, or is no report.
    """

    def __init__(self, path: Path, wanted: Iterable[Output]) -> None:
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            if len(data) > MAX_BYTES:
                raise UsageError(f"--against: {path}: more than {MAX_BYTES} bytes")
            self._olds = tls_diff.old_endpoints(data.decode("utf-8"))
        except OSError as error:
            raise UsageError(f"--against: cannot read {path}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise UsageError(f"--against: {path}: not a report in JSON") from None
        except UsageError as error:
            raise UsageError(f"--against: {path}: {error}") from None
        self._wanted = [output for output in wanted if output[0] in TOLD]
        self._found: list[tls_diff.TlsDiff] = []

    def take(self, report: Report, tally: Tally) -> None:
        """Compare one report's endpoints with what the file has about them."""
        for endpoint in report.tls:
            old = tls_diff.earlier(self._olds, endpoint)
            if old is None:
                tally.leave_open(f"{report.target}: the old report does not have it")
                continue
            found = tls_diff.diff(old, endpoint)
            self._found.append(found)
            for change in found.changes:
                if change.direction == "worse":
                    tally.fail(f"{report.target}: worse: {change}")

    def tell(self) -> None:
        """Write what changed, in the order of the old report's endpoints.

        Raises:
            UsageError: if a file cannot be written.
        """
        for name, file in sorted(self._wanted, key=lambda output: output[1] is None):
            text = _rendered(name, self._found)
            if file is None:
                outputs.say(text)
            else:
                outputs.write(name, file, text)


def _rendered(name: str, found: Sequence[tls_diff.TlsDiff]) -> str:
    match name:
        case "text":
            return tls_diff.render_text(found)
        case "json":
            return tls_diff.render_json(found)
    return "".join(tls_diff.render_line(one) for one in found)
