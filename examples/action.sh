#!/usr/bin/env bash
# What action.yml runs: install this checkout, scan, write the job summary, leave JSON and SARIF.
set -u
set -o pipefail

environment="$(mktemp -d)"
python -m venv "$environment"
"$environment/bin/python" -m pip install --quiet "$ACTION_PATH" || exit 2

out="${RUNNER_TEMP:-$environment}/plainwire"
mkdir -p "$out"
words=(--format github --format "markdown:$out/summary.md" --format "json:$out/report.json" --format "sarif:$out/report.sarif")
[ -z "${PLAINWIRE_FAIL_BELOW:-}" ] || words+=(--fail-below "$PLAINWIRE_FAIL_BELOW")
[ -z "${PLAINWIRE_FAIL_ON:-}" ] || words+=(--fail-on "$PLAINWIRE_FAIL_ON")
[ -z "${PLAINWIRE_CONFIG:-}" ] || words+=(--config "$PLAINWIRE_CONFIG")
[ -z "${PLAINWIRE_BASELINE:-}" ] || words+=(--baseline "$PLAINWIRE_BASELINE")
[ -z "${PLAINWIRE_WAIT_FOR:-}" ] || words+=(--wait-for "$PLAINWIRE_WAIT_FOR")
[ -z "${PLAINWIRE_BEARER:-}" ] || words+=(--bearer env:PLAINWIRE_BEARER)

# The targets go through standard input: a target can never become an option.
printf '%s\n' "$PLAINWIRE_TARGET" | tr -s ' \t' '\n' |
  "$environment/bin/plainwire" scan "${words[@]}" --targets -
code=$?

[ ! -f "$out/summary.md" ] || cat "$out/summary.md" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
{
  echo "exit-code=$code"
  echo "json=$out/report.json"
  echo "sarif=$out/report.sarif"
} >>"${GITHUB_OUTPUT:-/dev/null}"
exit "$code"
