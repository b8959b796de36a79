#!/bin/sh
# Locks are current when compiling them again, with what they hold as preference, changes nothing.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp requirements.lock requirements-dev.lock "$folder"/
compile() { "${BIN:-.venv/bin}"/uv pip compile -q pyproject.toml --universal --generate-hashes --no-header "$@"; }
compile --extra dev --extra clients -o "$folder/requirements-dev.lock"
compile --extra build -c "$folder/requirements-dev.lock" -o "$folder/requirements.lock"
for lock in requirements.lock requirements-dev.lock; do
    # Lines that say which file asked for a package hold this run's temporary paths.
    grep -v '^ *#' "$lock" >"$folder/then"
    grep -v '^ *#' "$folder/$lock" >"$folder/now"
    if ! cmp -s "$folder/then" "$folder/now"; then
        echo "$lock does not fit pyproject.toml: run make lock" >&2
        diff "$folder/then" "$folder/now" | head -20 >&2
        exit 1
    fi
    if grep -nE '[a-z]+://' "$lock"; then
        echo "$lock names a host" >&2
        exit 1
    fi
done
