#!/usr/bin/env bash
# Audits one checkpoint in shards, one task of an array each; docs/howto/clusters.md explains it.
# Submit it and the merge in a checkout of this repository that all nodes see:
#   job=$(sbatch --parsable examples/cluster/slurm_shards.sh /models/step-3000)
#   sbatch --dependency="afterok:$job" examples/cluster/slurm_merge.sh
#SBATCH --job-name=audit-shards
#SBATCH --array=1-4
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=8
#SBATCH --gpus-per-task=1
#SBATCH --mem=64G
#SBATCH --time=04:00:00
#SBATCH --signal=B:TERM@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=audit-shard-%a.log
# TERM two minutes before the time is over: the shard is left so that the same command resumes it.
set -euo pipefail
cd "$SLURM_SUBMIT_DIR"
# shellcheck source=/dev/null
. .venv/bin/activate
export AUDIT_CACHE="${AUDIT_CACHE:-$PWD/.audit-cache}" # on a volume that all nodes see

exec examples/cluster/shard_checkpoint.sh "$1" "$SLURM_ARRAY_TASK_ID" "$SLURM_ARRAY_TASK_MAX" \
  examples/audit.yaml examples/policy.yaml runs
