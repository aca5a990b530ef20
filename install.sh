#!/usr/bin/env bash
# Builds the C# kernel on this machine and installs it for you: ./install.sh [INSTALL OPTION…] [--run NOTEBOOK…]
#
# The options of 'jupyter-csharp install' are passed on (--prefix DIR, --sys-prefix, --name, --no-alias, …). Arguments after --run are passed to
# 'jupyter-csharp run', which executes notebooks and requires neither Jupyter nor Python: ./install.sh --run samples/tour.ipynb
set -euo pipefail

fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
publish_dir=$source_dir/artifacts/publish
build_log=$source_dir/artifacts/publish.log

install_options=()
while (($# > 0)) && [[ $1 != --run ]]; do
    install_options+=("$1")
    shift
done
run=false
if (($# > 0)); then
    run=true
    shift
    (($# > 0)) || fail "--run needs a notebook: ./install.sh --run samples/tour.ipynb"
fi

command -v dotnet >/dev/null ||
    fail "'dotnet' was not found on the PATH. Install the .NET SDK 10 or later: https://dotnet.microsoft.com/download"
sdks=$(dotnet --list-sdks | cut -d' ' -f1)
grep -qE '^[1-9][0-9]+\.' <<<"$sdks" ||
    fail "The .NET SDK 10 or later is required; found ${sdks//$'\n'/, }. Install it from https://dotnet.microsoft.com/download"

echo "Building the kernel; this takes three to seven minutes..."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
rm -rf "$publish_dir"
mkdir -p "$source_dir/artifacts"
# For this machine's own processor: what the framework writes for wide vectors would otherwise be compiled at every start.
# Folders of its own (--artifacts-path): this build's ReadyToRun images must never mix with those of ordinary builds.
dotnet publish "$source_dir/src/JupyterKernel" --configuration Release --use-current-runtime --self-contained true \
    -p:RunAnalyzers=false -p:PublishReadyToRun=true -p:PublishReadyToRunComposite=true \
    -p:PublishReadyToRunCrossgen2ExtraArgs=--instruction-set:native \
    --artifacts-path "$source_dir/artifacts/publish-build" --output "$publish_dir" >"$build_log" 2>&1 || {
    grep -E 'error|Unhandled' "$build_log" | sort -u >&2 || tail -n 20 "$build_log" >&2
    fail "The build failed and nothing was installed. The build log is $build_log."
}

report=$("$publish_dir/jupyter-csharp" install --copy ${install_options[@]+"${install_options[@]}"})
printf '%s\n' "$report"

if $run; then
    program=$(sed -n 's/^Program: //p' <<<"$report")
    "$program" run "$@"
fi
