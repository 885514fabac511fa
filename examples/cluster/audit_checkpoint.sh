#!/usr/bin/env bash
# Audits one checkpoint of a list and decides: what each index of a Kubernetes job or a Slurm array runs.
# usage: audit_checkpoint.sh CHECKPOINTS INDEX CONFIG POLICY RUNS
#   CHECKPOINTS  file with one checkpoint per line; INDEX counts its lines from 0
#   RUNS         folder on a volume that all share; each index has a folder of runs of its own in it
# Call it again for an index that was killed or ran out of time, and its run goes on. Exit code: that of `audit gate`,
# or 13 after SIGTERM.
set -euo pipefail
checkpoints=$1 index=$2 config=$3 policy=$4 runs=$5/$2

checkpoint=$(sed --quiet "$((index + 1))p" "$checkpoints")
if [ -z "$checkpoint" ]; then
  echo "$checkpoints: no checkpoint at index $index: as many indices as lines" >&2
  exit 2
fi

# Consent to run code (--trust-remote-code, --allow-pickle, --plugin …) is asked for at each start, also of a resumed run.
read -r -a options <<< "${AUDIT_OPTIONS:-}"
if compgen -G "$runs/*/manifest.json" > /dev/null; then
  command=(audit run --resume latest --out "$runs" "${options[@]}")
else
  command=(audit run --model "$checkpoint" --config "$config" --policy "$policy" --out "$runs" "${options[@]}")
fi

# A shell runs no trap while it waits for a program in the foreground, and the first process of a container ignores
# signals that it has no trap for: the audit runs in the background and SIGTERM is passed on. Where the scheduler has sent
# it to the audit as well, the second one ends the audit at once; it can be resumed all the same.
stopped=
"${command[@]}" &
audit=$!
trap 'stopped=1; kill -TERM "$audit" 2> /dev/null || true' TERM
code=0
wait "$audit" || code=$?
if [ -n "$stopped" ]; then
  wait "$audit" || true # the first wait ended with the signal, not with the audit
  exit 13
fi
[ "$code" -eq 0 ] || [ "$code" -eq 13 ] || exit "$code"

exec audit gate latest --runs "$runs" --policy "$policy" --junit "$runs/junit.xml"
