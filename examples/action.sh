#!/usr/bin/env bash
# What action.yml runs: install this checkout, scan, write the job summary, leave JSON and SARIF.
# Its words come through the environment, as action.yml sets them. PLAINWIRE_PYTHON names a Python
# that has plainwire already: nothing is then installed and no network is needed.
# Exit codes: plainwire's (docs/usage.md); 2 also where plainwire cannot be installed.
set -u

# A folder for each run: two scans in one job must not show each other's reports.
out="$(mktemp -d "${RUNNER_TEMP:-/tmp}/plainwire.XXXXXX")" || exit 2

finish() {  # finish CODE: hand over what there is, and end so
    [ ! -s "$out/summary.md" ] || cat "$out/summary.md" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
    {
        echo "exit-code=$1"
        [ ! -s "$out/report.json" ] || echo "json=$out/report.json"
        [ ! -s "$out/report.sarif" ] || echo "sarif=$out/report.sarif"
    } >>"${GITHUB_OUTPUT:-/dev/null}"
    exit "$1"
}

# -I keeps the checked-out repository, which may be a stranger's, out of Python's search path.
python="${PLAINWIRE_PYTHON:-}"
if [ -z "$python" ]; then
    python="$out/environment/bin/python"
    python -I -m venv "$out/environment" || finish 2
    "$python" -I -m pip install --quiet --disable-pip-version-check "$ACTION_PATH" || finish 2
fi

words=(--format github)
words+=(--format "markdown:$out/summary.md" --format "json:$out/report.json" --format "sarif:$out/report.sarif")
# Written --name=value, so that a value is never read as an option.
[ -z "${PLAINWIRE_FAIL_BELOW:-}" ] || words+=("--fail-below=$PLAINWIRE_FAIL_BELOW")
[ -z "${PLAINWIRE_FAIL_ON:-}" ] || words+=("--fail-on=$PLAINWIRE_FAIL_ON")
[ -z "${PLAINWIRE_CONFIG:-}" ] || words+=("--config=$PLAINWIRE_CONFIG")
[ -z "${PLAINWIRE_BASELINE:-}" ] || words+=("--baseline=$PLAINWIRE_BASELINE")
[ -z "${PLAINWIRE_CA:-}" ] || words+=("--ca=$PLAINWIRE_CA")
[ -z "${PLAINWIRE_WAIT_FOR:-}" ] || words+=("--wait-for=$PLAINWIRE_WAIT_FOR")
[ -z "${PLAINWIRE_BEARER:-}" ] || words+=(--bearer env:PLAINWIRE_BEARER)

# The targets go through standard input: a target is never read as an option, and a login in a URL
# does not show in the list of processes. Without pipefail: the code that counts is plainwire's.
printf '%s\n' "${PLAINWIRE_TARGET:-}" | tr -s '[:space:]' '\n' |
    "$python" -I -m plainwire scan "${words[@]}" --targets -
finish "$?"
