#!/usr/bin/env bash
# The part of test_arm.sh that runs in the ARM system: installs landslip from the folder of wheels, as on a machine
# without a connection, maps the demo, and runs tests.
set -euo pipefail
step() { echo "  [$((SECONDS / 60)) min] $1"; }
failed=0

if ! cmp -s /requirements.txt /venv/installed; then
    step "installing $(wc -l </requirements.txt) packages on $(uname -m)"
    python3 -m venv --clear --without-pip /venv
    python "$(echo /wheels/pip-*.whl)/pip" install -q --no-index --find-links /wheels --no-compile -r /requirements.txt
    cp /requirements.txt /venv/installed
fi
pip install -q --no-index --find-links /wheels --no-deps --force-reinstall landslip
export PYTHONDONTWRITEBYTECODE=1 HYPOTHESIS_STORAGE_DIRECTORY=/home/hypothesis # the clone is read only
cd /out

step "landslip doctor"
landslip doctor || failed=1
step "landslip demo"
landslip demo /out/demo --size-km 2 || failed=1
if [ "$TESTS" != none ]; then
    step "tests"
    cd /landslip # pytest leaves the working directory off the path: what is tested is what was installed
    # shellcheck disable=SC2086 # several words each
    pytest -q -n auto --dist worksteal -p no:cacheprovider -m 'not tensorflow and not slow and not apps' --durations=15 $TESTS $PYTEST || failed=1
fi
step "done"
exit $failed
