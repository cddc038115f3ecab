#!/bin/bash
#SBATCH --job-name=grader
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=01:00:00
#SBATCH --requeue
# sbatch --array=1-8 slurm.sh ASSIGNMENT SUBMISSIONS, in the course folder; then: python -m grader collect ASSIGNMENT
# After a part that failed, give the same sbatch again, all parts: what is graded is only looked up.
set -euo pipefail
exec python -m grader batch "$1" "$2" \
    --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" --workers "$SLURM_CPUS_PER_TASK"
