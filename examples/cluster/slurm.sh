#!/usr/bin/env bash
# Audits the checkpoints of a list, one task of an array each; docs/howto/clusters.md explains it.
# Submit it in a checkout of this repository that all nodes see: sbatch examples/cluster/slurm.sh
# As many indices as lines in checkpoints.txt; %2 is how many tasks run at once.
#SBATCH --job-name=audit
#SBATCH --array=0-2%2
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=8
#SBATCH --gpus-per-task=1
#SBATCH --mem=64G
#SBATCH --time=04:00:00
#SBATCH --signal=B:TERM@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=audit-%a.log
# TERM two minutes before the time is over: the run is left so that the same command resumes it.
set -euo pipefail
cd "$SLURM_SUBMIT_DIR"
# shellcheck source=/dev/null
. .venv/bin/activate
export AUDIT_CACHE="${AUDIT_CACHE:-$PWD/.audit-cache}" # on a volume that all nodes see

exec examples/cluster/audit_checkpoint.sh examples/cluster/checkpoints.txt "$SLURM_ARRAY_TASK_ID" \
  examples/audit.yaml examples/policy.yaml runs
