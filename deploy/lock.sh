#!/bin/sh
# Write deploy/requirements.txt: the part of requirements.lock that the image needs, with hashes.
# Needs `make setup`, and an index of packages.
set -eu
cd "$(dirname "$0")/.."
.venv/bin/uv pip compile --quiet deploy/requirements.in --constraints requirements.lock \
  --universal --python-version 3.12 --generate-hashes --no-emit-index-url --no-header --no-annotate \
  --output-file deploy/requirements.txt
