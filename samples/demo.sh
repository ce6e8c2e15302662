#!/bin/sh
# What `make demo` does once the environment stands: ingest the sample collection, ask two questions, open the portal.
# MANUSPECT_HOME and BIN come from the Makefile; DEMO_SERVE=no stops after the hits.
set -eu
here=$(dirname "$0")
say() { printf '\n\033[1m$ manuspect %s\033[0m\n' "$*"; }
run() { say "$@"; "$BIN/manuspect" "$@"; }

run ingest "$here/wrenhaven-letters.pdf" "$here/marigold-log.tif" "$here/commonplace/manifest.json" --collection sample
run search lighthouse --collection sample --limit 5
run search Marigold --collection sample --limit 5
[ "${DEMO_SERVE:-yes}" = yes ] || exit 0
run serve
