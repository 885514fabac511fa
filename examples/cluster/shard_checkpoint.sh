#!/usr/bin/env bash
# Answers one shard of an audit: what each index of a Kubernetes job or a Slurm array runs.
# usage: shard_checkpoint.sh CHECKPOINT SHARD SHARDS CONFIG POLICY RUNS
#   SHARD  counts from 1 to SHARDS
#   RUNS   folder on a volume that all share; RUNS/shards/SHARD has the folder of the shard in it
# Call it again for a shard that was killed or ran out of time, and it goes on. merge_shards.sh joins all of them.
# Exit code: that of `audit run`, or 13 after SIGTERM.
set -euo pipefail
checkpoint=$1 shard=$2 shards=$3 config=$4 policy=$5 runs=$6/shards/$2

# Consent to run code (--trust-remote-code, --allow-pickle, --plugin …) is asked for at each start, also of a resumed run.
read -r -a options <<< "${AUDIT_OPTIONS:-}"
if compgen -G "$runs/*/manifest.json" > /dev/null; then
  command=(audit run --resume latest --out "$runs" "${options[@]}")
else
  command=(audit run --model "$checkpoint" --config "$config" --policy "$policy" --shard "$shard/$shards" --out "$runs" "${options[@]}")
fi

# As in audit_checkpoint.sh: SIGTERM is passed on, also by the first process of a container.
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
exit "$code"
