#!/usr/bin/env bash
# Tests the installed kernelspec `csharp` in a real JupyterLab 4 in headless Chromium, and with
# `@jupyterlab/services`. See README.md for what must be there. Arguments are passed to `node --test`,
# e.g. --test-name-pattern=completer. Ends with "N passed, N failed[, N skipped]".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

scratch=$(mktemp -d)
tests= server=
cleanup() {
    for process in $tests $server; do
        kill "$process" 2>/dev/null || true # on SIGTERM the server shuts its kernels down
        wait "$process" 2>/dev/null || true
    done
    rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

./prepare.sh

mkdir -p "$scratch/notebooks" ../../artifacts/screenshots
rm -f ../../artifacts/screenshots/failed-*
export SCREENSHOTS=$PWD/../../artifacts/screenshots
export LAB_ROOT=$scratch/notebooks LAB_STATE=$scratch/state JUPYTER_RUNTIME_DIR=$scratch/runtime
export JUPYTER_CSHARP_HISTORY=$scratch/history.sqlite # the user's own stays out of it
LAB_TOKEN=$(node -p 'crypto.randomUUID()')
LAB_PORT=$(node -e 'net.createServer().listen(0, "127.0.0.1", function () { console.log(this.address().port); this.close(); })')
export LAB_TOKEN LAB_URL=http://127.0.0.1:$LAB_PORT/

/usr/bin/python3 lab/server.py --allow-root --no-browser --ip=127.0.0.1 --port="$LAB_PORT" --port-retries=0 --log-level=WARN \
    --ServerApp.token="$LAB_TOKEN" --ServerApp.root_dir="$LAB_ROOT" >"$scratch/server.log" 2>&1 &
server=$!
answers() { node -e 'fetch(process.argv[1]).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))' "$LAB_URL$1?token=$LAB_TOKEN"; }
refuse() { echo "$1"; echo '0 passed, 1 failed'; exit 1; }
until answers api; do
    kill -0 "$server" 2>/dev/null || refuse "the server ended: $(cat "$scratch/server.log")"
    sleep 0.2
done
answers api/kernelspecs/csharp || refuse 'there is no kernelspec csharp'

# In the background, so that a signal to this script is heard at once.
timeout --kill-after=10 1800 node --test --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=tap --test-reporter-destination="$scratch/tap" "$@" *.test.mjs &
tests=$!
status=0
wait "$tests" || status=$?
tests=

count() { awk -v name="$1" '$1 == "#" && $2 == name { n = $3 } END { print n + 0 }' "$scratch/tap"; }
passed=$(count pass) failed=$(($(count fail) + $(count cancelled))) skipped=$(count skipped)
if ((status != 0 && failed == 0)); then failed=1; fi # ended by the deadline, before it could count
if ((passed == 0)); then failed=$((failed > 0 ? failed : 1)); fi
if ((failed > 0)); then grep -vE ' 404 GET /api/(me|events)' "$scratch/server.log" | tail -n 50 || true; fi
if ((skipped > 0)); then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
((failed == 0))
