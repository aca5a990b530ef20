#!/usr/bin/env bash
# Installs the npm packages and builds the page that the browser tests need, where that was not done since they changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# The lock file that npm leaves in node_modules is as new as the last installation.
if [[ ! node_modules/.package-lock.json -nt package-lock.json ]]; then
    npm ci
fi
if [[ ! build/version.json -nt node_modules/.package-lock.json || lab/build.mjs -nt build/version.json ]]; then
    node lab/build.mjs
fi
