#!/usr/bin/env bash
# Joins the shards of an audit, finishes the run from their answers, and decides.
# usage: merge_shards.sh POLICY RUNS
#   RUNS  as for shard_checkpoint.sh; the run folder and junit.xml go into it
# Call it again if it was killed, and it goes on. Exit code: that of `audit gate`, or of `audit merge` where shards are
# missing (2).
set -euo pipefail
policy=$1 runs=$2

read -r -a options <<< "${AUDIT_OPTIONS:-}"
code=0
audit merge "$runs"/shards/*/*/ --out "$runs" "${options[@]}" || code=$?
[ "$code" -eq 0 ] || [ "$code" -eq 13 ] || exit "$code"

exec audit gate latest --runs "$runs" --policy "$policy" --junit "$runs/junit.xml"
