#!/usr/bin/env bash
# Joins the shards of slurm_shards.sh when all have ended, and decides.
#SBATCH --job-name=audit-merge
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=8
#SBATCH --gpus-per-task=1
#SBATCH --mem=64G
#SBATCH --time=01:00:00
#SBATCH --kill-on-invalid-dep=yes
#SBATCH --output=audit-merge.log
# A GPU of the shards' kind: explanations, and what depends on answers, are computed here.
set -euo pipefail
cd "$SLURM_SUBMIT_DIR"
# shellcheck source=/dev/null
. .venv/bin/activate
export AUDIT_CACHE="${AUDIT_CACHE:-$PWD/.audit-cache}"

exec examples/cluster/merge_shards.sh examples/policy.yaml runs
