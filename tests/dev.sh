#!/usr/bin/env bash
# The development loop: builds the kernel, installs it as the kernel csharp-dev, and runs client tests against it: tests/dev.sh test_display[.CLASS[.TEST]]…
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Folders of its own, since the analyzers are left out, and other builds would have to begin again.
dotnet build src/JupyterKernel --configuration Release -p:RunAnalyzers=false --artifacts-path artifacts/dev --verbosity quiet
artifacts/dev/bin/JupyterKernel/release/jupyter-csharp install --name csharp-dev --no-alias >/dev/null
python=$(command -v python3)
"$python" -c "import jupyter_client" 2>/dev/null || python=/usr/bin/python3
KERNEL_NAME=csharp-dev exec "$python" tests/clients "$@"
