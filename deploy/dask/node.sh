#!/bin/sh
# One machine of the cluster, started in the folder that holds certificates/:
#
#   node.sh scheduler                  on one machine
#   node.sh worker tls://SCHEDULER:8786   on each that grades; one process for each processor
#
# Every machine has the same edition of the workbook, and its .venv with the extra `cluster`.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
bin=${WORKBOOK_BIN:-$here/../../.venv/bin}
export DASK_CONFIG="$here/dask.yaml"
case ${1:-} in
  scheduler)
    shift
    exec "$bin/dask" scheduler --protocol tls --port 8786 --no-dashboard "$@"
    ;;
  worker)
    shift
    # A worker that is ended comes back, and what it was grading is tried by another.
    exec "$bin/dask" worker --nworkers "${NODE_WORKERS:-$(nproc)}" --nthreads 1 --no-dashboard "$@"
    ;;
  *)
    echo "node.sh scheduler, or node.sh worker tls://SCHEDULER:8786" >&2
    exit 2
    ;;
esac
