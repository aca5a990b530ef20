#!/usr/bin/env bash
# Builds the C# kernel on this machine and installs it for you: ./install.sh [--fast] [INSTALL OPTION…] [--run NOTEBOOK…]
#
# The kernel is installed after the first build, which takes less than a minute, and then replaced by a native program, which starts several times
# faster and takes minutes to build. Ctrl+C stops that step at any moment; --fast leaves it out.
#
# The options of 'jupyter-csharp install' are passed on (--prefix DIR, --sys-prefix, --name, --no-alias, …). Arguments after --run are passed to
# 'jupyter-csharp run', which executes notebooks and requires neither Jupyter nor Python: ./install.sh --run samples/tour.ipynb
set -euo pipefail

fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
artifacts=$source_dir/artifacts
needed_memory=6000 # What the native compiler uses at its peak, in MB.

fast=false
install_options=()
while (($# > 0)) && [[ $1 != --run ]]; do
    if [[ $1 == --fast ]]; then fast=true; else install_options+=("$1"); fi
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
# A managed program needs it where .NET is not in its usual place.
if [[ -z ${DOTNET_ROOT:-} ]]; then
    DOTNET_ROOT=$(dotnet --list-runtimes | sed -nE 's|^Microsoft\.NETCore\.App 10\..* \[(.*)/shared/Microsoft\.NETCore\.App\]$|\1|p' | tail -n 1)
    export DOTNET_ROOT
fi
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

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

# The process group of the build that is running: it is ended as a whole, with the compilers that it has started.
build=
stop_build() {
    [[ -z $build ]] || kill -TERM -- "-$build" 2>/dev/null || true
}
trap stop_build EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# publish NAME LABEL OPTION…: builds into artifacts/NAME, with the output in artifacts/NAME.log. On a terminal it shows how long that has taken.
publish() {
    local name=$1 label=$2 code=0
    shift 2
    rm -rf "${artifacts:?}/$name"
    mkdir -p "$artifacts"
    set -m
    # Folders of its own (--artifacts-path): what this build compiles must never mix with ordinary builds. The garbage collector of the native compiler
    # takes a tenth less time with the two variables.
    DOTNET_gcConcurrent=0 DOTNET_GCgen0size=0x10000000 dotnet publish "$source_dir/src/JupyterKernel" --configuration Release --use-current-runtime -p:RunAnalyzers=false "$@" \
        --artifacts-path "$artifacts/publish-build" --output "$artifacts/$name" </dev/null >"$artifacts/$name.log" 2>&1 &
    build=$!
    set +m
    if [[ -t 1 ]]; then
        local start=$SECONDS
        while kill -0 "$build" 2>/dev/null; do
            printf '\r%s  %d:%02d ' "$label" $(((SECONDS - start) / 60)) $(((SECONDS - start) % 60))
            sleep 1
        done
        printf '\n'
    else
        printf '%s\n' "$label"
    fi
    wait "$build" || code=$?
    build=
    return "$code"
}

report_failure() {
    grep -E 'error|Unhandled' "$artifacts/$1.log" | sort -u >&2 || tail -n 20 "$artifacts/$1.log" >&2
    fail "The build failed and nothing was installed. The build log is $artifacts/$1.log."
}

# install NAME: installs what was built into artifacts/NAME, and prints the report.
install() {
    "$artifacts/$1/jupyter-csharp" install --copy ${install_options[@]+"${install_options[@]}"}
}

publish managed "Building the kernel (up to a minute)..." --self-contained false || report_failure managed
report=$(install managed)
printf '%s\n' "$report"

code=0
if $run; then
    program=$(sed -n 's/^Program: //p' <<<"$report")
    "$program" run "$@" || code=$?
fi
$fast && exit "$code"

trap 'printf "\nStopped. The kernel is installed and works; run ./install.sh again for the faster program.\n"; exit 130' INT
if ! command -v clang >/dev/null && ! command -v gcc >/dev/null; then
    obstacle="a C linker is missing (gcc or clang)"
elif (($(free_memory) < needed_memory)); then
    obstacle="it needs $needed_memory MB of free memory"
else
    obstacle=
    echo "The kernel is installed. It is now built as a native program, which starts several times faster. Ctrl+C stops that."
    publish native "Building the native program (three to eight minutes)..." -p:PublishAot=true || obstacle="it failed; the log is $artifacts/native.log"
fi
if [[ -z $obstacle ]]; then
    install native >/dev/null
    echo "Installed the native program."
else
    publish compiled "A native program is not possible: $obstacle. Compiling the managed one ahead of time (about two minutes)..." \
        --self-contained false -p:PublishReadyToRun=true ||
        { tail -n 5 "$artifacts/compiled.log" >&2; fail "That failed; the kernel stays as it was installed first. The log is $artifacts/compiled.log."; }
    install compiled >/dev/null
    echo "Installed the compiled program."
fi
exit "$code"
