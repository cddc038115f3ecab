#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image: install what grading needs.
set -euo pipefail
# Where else pip looks for torch, such as an index of wheels without CUDA: 1 GB instead of 6.
torch_index=${TORCH_INDEX:-}
source=${GRADER_AUTOGRADER:-/autograder}/source
home=${GRADER_ENVIRONMENT:-/opt/grader}

# The reference and the hidden checks are in here, and nobody but root needs them.
chmod -R go= "$source"

newest_python() {
    for name in python3.14 python3.13 python3.12 python3.11 python3; do
        if "$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

if "$home/bin/python" -I -c 'import grader, torch' 2>/dev/null; then
    # The image brings a grader with it, as the grader's own does: put this one, which is pure Python, in its place.
    where=$("$home/bin/python" -I -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    rm -rf "$where"/grader "$where"/grader-*.dist-info
    "$home/bin/python" -I -m zipfile -e "$source"/grader-*.whl "$where"
else
    if ! newest_python >/dev/null; then
        apt-get update
        apt-get install -y --no-install-recommends python3 python3-venv python3-pip
    fi
    if python=$(newest_python); then
        "$python" -m venv "$home"
    else # an older image: uv brings a Python of its own, to where every account may read it
        python3 -m pip install --quiet uv
        UV_PYTHON_INSTALL_DIR=/opt/python python3 -m uv venv --seed --python 3.12 "$home"
    fi
    "$home/bin/python" -m pip install --no-cache-dir ${torch_index:+--extra-index-url "$torch_index"} \
        -c "$source/constraints.txt" -r "$source/requirements.txt" "$source"/grader-*.whl
fi
# For the log of the build: which layers confine student code here.
"$home/bin/python" -I -m grader doctor || true
