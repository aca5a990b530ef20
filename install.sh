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
needed_memory=7000 # What the native compiler uses at its peak, in MB.

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

# Free memory in MB that a process here may use; 0 if unknown.
free_memory() {
    local free limit used
    if [[ -r /proc/meminfo ]]; then
        free=$(sed -nE 's/^MemAvailable: +([0-9]+) kB/\1/p' /proc/meminfo)
        free=$((free / 1024))
        limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || echo max)
        used=$(cat /sys/fs/cgroup/memory.current 2>/dev/null || echo 0)
        if [[ $limit != max ]] && (((limit - used) / 1048576 < free)); then free=$(((limit - used) / 1048576)); fi
        echo "$free"
    elif command -v sysctl >/dev/null; then
        echo $(($(sysctl -n hw.memsize 2>/dev/null || echo 0) / 1048576))
    else
        echo 0
    fi
}

# Builds into the publish folder with the options given; the output is in the log.
publish() {
    rm -rf "$publish_dir"
    # Folders of its own (--artifacts-path): what this build compiles must never mix with ordinary builds.
    dotnet publish "$source_dir/src/JupyterKernel" --configuration Release --use-current-runtime -p:RunAnalyzers=false "$@" \
        --artifacts-path "$source_dir/artifacts/publish-build" --output "$publish_dir" >"$build_log" 2>&1
}

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
mkdir -p "$source_dir/artifacts"
if ! command -v clang >/dev/null && ! command -v gcc >/dev/null; then
    obstacle="a C linker is missing (gcc or clang)"
elif (($(free_memory) < needed_memory)); then
    obstacle="it needs $needed_memory MB of free memory"
else
    obstacle=
    echo "Building the kernel; this takes three to eight minutes..."
    publish -p:PublishAot=true || obstacle="it failed; the log is $build_log"
    if [[ -n $obstacle ]]; then build_log=$source_dir/artifacts/publish-managed.log; fi
fi
if [[ -n $obstacle ]]; then
    echo "Building the kernel as a managed program, which works the same but starts more slowly. A native one is not possible: $obstacle."
    publish --self-contained true -p:PublishReadyToRun=true || {
        grep -E 'error|Unhandled' "$build_log" | sort -u >&2 || tail -n 20 "$build_log" >&2
        fail "The build failed and nothing was installed. The build log is $build_log."
    }
fi

report=$("$publish_dir/jupyter-csharp" install --copy ${install_options[@]+"${install_options[@]}"})
printf '%s\n' "$report"

if $run; then
    program=$(sed -n 's/^Program: //p' <<<"$report")
    "$program" run "$@"
fi
