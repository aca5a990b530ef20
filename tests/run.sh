#!/usr/bin/env bash
# Builds the project, installs the kernel as a user would into an empty home, and runs the tests against it: tests/run.sh [--all]
#
# With --all it runs every case: 200 sessions of the chaos test instead of 60, and the language corpus in four ways instead of one. Random cases follow
# TEST_SEED, which moves with each commit.
#
# Needs the .NET 10 SDK. The Jupyter clients are installed through apt where they are missing and that is possible; the
# suites whose clients are not there are skipped, and said to be. With CI=true they count as failed. The last line is
# 'N passed, N failed', with ', N skipped' behind it where something was skipped.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ "${1:-}" = --all ]; then export TEST_ALL=true; fi
TEST_SEED=${TEST_SEED:-$(git rev-list --count HEAD 2>/dev/null || date +%j)}
export TEST_SEED

passed=0 failed=0 skipped=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

say() { printf '\n== %s\n' "$*"; }
pass() { passed=$((passed + 1)); }
fail() { failed=$((failed + 1)); printf 'FAILED: %s\n' "$*"; }
skip() {
    if [ "${CI:-}" = true ]; then fail "$*"; else skipped=$((skipped + 1)); printf 'SKIPPED: %s\n' "$*"; fi
}

finish() {
    printf '\n%s passed, %s failed' "$passed" "$failed"
    [ "$skipped" = 0 ] || printf ', %s skipped' "$skipped"
    printf '\n'
    [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
    exit
}

# suite NAME COMMAND…: the command's last line of counts is added up; a command that ends without one has failed.
suite() {
    local name=$1 counts code
    shift
    say "$name"
    "$@" </dev/null 2>&1 | tee "$scratch/log"
    code=${PIPESTATUS[0]}
    counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$scratch/log" | tail -n 1)
    if [ -z "$counts" ]; then
        fail "$name: ended (exit code $code) without saying how many tests passed"
        return
    fi
    set -- $(printf '%s' "$counts" | tr -dc '0-9 ')
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + ${3:-0}))
    if [ "$code" != 0 ] && [ "$2" = 0 ]; then fail "$name: exit code $code"; fi
}

# The .NET tests, with their summary as a line of counts.
dotnet_tests() {
    local code total errors wrong left
    dotnet run --project tests/JupyterKernel.Tests --configuration Release --no-build -- -noColor 2>&1 | tee "$scratch/xunit"
    code=${PIPESTATUS[0]}
    read -r total errors wrong left < <(sed -nE \
        's/.*Total: ([0-9]+), Errors: ([0-9]+), Failed: ([0-9]+), Skipped: ([0-9]+).*/\1 \2 \3 \4/p' "$scratch/xunit")
    [ -n "${total:-}" ] && echo "$((total - wrong - left)) passed, $((wrong + errors)) failed, $left skipped"
    return "$code"
}

# The kernels and workers that run from the scratch folder or from this build. Fails where there is none.
own_processes() {
    if [ -d /proc/self ]; then
        for process in /proc/[0-9]*; do
            tr '\0' ' ' <"$process/cmdline" 2>/dev/null && echo " (process ${process#/proc/})"
        done
    else
        ps -eo args=,pid=
    fi | grep -E "jupyter-csharp(-worker|-generators)?(\.dll)? " | grep -F -e "$scratch/" -e "$PWD/"
}

install_clients() {
    local packages="jupyter-client jupyter-console jupyter-nbconvert python3-nbconvert python3-jupyter-kernel-test
        python3-ipykernel python3-pexpect python3-psutil python3-yaml jupyter-server python3-jupyterlab-server jupyterhub poppler-utils fonts-dejavu-core"
    local sudo=
    command -v chromium >/dev/null || packages="$packages chromium"
    command -v node >/dev/null || packages="$packages nodejs"
    command -v npm >/dev/null || packages="$packages npm"
    command -v apt-get >/dev/null || return
    dpkg-query -W $packages >/dev/null 2>&1 && return
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || return
        sudo="sudo -n"
    fi
    say "Installing the Jupyter clients"
    { $sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        $sudo apt-get install -qq --no-install-recommends $packages; } </dev/null >"$scratch/apt" 2>&1 ||
        tail -n 20 "$scratch/apt"
}

# Debian's packages are for Debian's Python, which need not be the first on the PATH.
find_python() {
    for python in python3 /usr/bin/python3; do
        "$python" -c "import jupyter_client, jupyter_console, jupyter_kernel_test, nbconvert, pexpect, psutil" \
            2>"$scratch/python" && return
    done
    python=
    return 1
}

# Downloads and the page of the browser tests take no processor worth mentioning: they go on beside the build.
{ install_clients; tests/browser/prepare.sh; } </dev/null >"$scratch/clients" 2>&1 &
clients=$!

# What is downloaded stays where it is; everything else is as on the first day.
original_home=$HOME
export NUGET_PACKAGES=${NUGET_PACKAGES:-$HOME/.nuget/packages}
export npm_config_cache=${npm_config_cache:-$HOME/.npm}
if [ -f "$HOME/.nuget/NuGet/NuGet.Config" ]; then export RestoreConfigFile=$HOME/.nuget/NuGet/NuGet.Config; fi
unset XDG_DATA_HOME XDG_CONFIG_HOME XDG_CACHE_HOME XDG_STATE_HOME XDG_RUNTIME_DIR
unset JUPYTER_PATH JUPYTER_DATA_DIR JUPYTER_CONFIG_DIR JUPYTER_CONFIG_PATH JUPYTER_RUNTIME_DIR JUPYTER_PREFER_ENV_PATH
export HOME=$scratch/home
mkdir "$HOME"

# The native compiler takes minutes, and not all of both processors. The tour runs before it.
./install.sh --run samples/tour.ipynb </dev/null >"$scratch/install" 2>&1 &
install=$!

say "Building"
if HOME=$original_home dotnet build JupyterKernel.sln --configuration Release --verbosity quiet </dev/null; then pass; else
    kill "$install" "$clients"
    fail "the build"
    finish
fi

HOME=$original_home JUPYTER_CSHARP_WARM_UP=off suite "Unit and protocol tests" dotnet_tests

say "Installing into an empty home, and running the tour"
wait "$install"
code=$?
cat "$scratch/install"
if [ "$code" = 0 ] && grep -q "^42" "$scratch/install"; then pass; else fail "./install.sh --run samples/tour.ipynb"; fi
if grep -q "^Installed the native program" "$scratch/install"; then pass; else skip "the native build: $(tail -n 2 "$scratch/install")"; fi

wait "$clients"
cat "$scratch/clients"

# The random sessions and the installers have no limits of time, and go on beside the browser, which waits for pages most of the time.
beside=
if find_python; then
    suite "Jupyter clients" "$python" tests/clients --without test_chaos,test_install
    "$python" tests/clients test_install test_chaos </dev/null >"$scratch/beside" 2>&1 &
    beside=$!
else
    skip "the tests with Jupyter clients: $(tail -n 1 "$scratch/python")"
fi

if command -v npm >/dev/null && command -v chromium >/dev/null && [ -n "$python" ]; then
    suite "JupyterLab in a browser" tests/browser/run.sh
else
    skip "the tests in a browser: they need npm, chromium and Jupyter's server"
fi

if [ -n "$beside" ]; then
    wait "$beside"
    suite "Installers and random sessions" cat "$scratch/beside"
fi

say "Nothing is left running"
for _ in $(seq 20); do
    left=$(own_processes) || break
    sleep 1
done
if [ -z "$left" ]; then pass; else fail "left running:"; printf '%s\n' "$left"; fi

finish
