# Sourced by scripts/demo and scripts/test: makes .venv and installs fastlog with its kernels into it.
#
#   setup_venv EXTRAS    EXTRAS is a comma-separated list of the extras in pyproject.toml
#
# PYTHON chooses the interpreter (default: the newest python3.11 or later that can make a venv).

die() { printf '%s\n' "$*" >&2; exit 1; }

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  die "python3 >= 3.11 with venv is missing. On Debian and Ubuntu: apt-get install python3 python3-venv python3-dev"
}

setup_venv() {
  local extras=$1 python stamp
  command -v "${CC:-cc}" >/dev/null || die "A C compiler is missing. On Debian and Ubuntu: apt-get install gcc"
  python=$(find_python) || exit 1
  "$python" - <<'PY' || die "The headers of Python are missing. On Debian and Ubuntu: apt-get install python3-dev"
import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))
PY
  if [[ ! -x .venv/bin/python ]]; then
    echo "Making .venv with $("$python" --version)"
    "$python" -m venv .venv || die "venv failed. On Debian and Ubuntu: apt-get install python3-venv"
  fi
  # One install for a state of the sources and the extras asked for; a second run finds it done.
  stamp=$(cat pyproject.toml setup.py scripts/setup.sh fastlog/_core/*.{pyx,pxd,h} 2>/dev/null | cat - <(echo "$extras") | sha256sum)
  if [[ $(cat .venv/fastlog-installed 2>/dev/null) != "$stamp" ]]; then
    echo "Installing fastlog with [$extras] and building its kernels (about two minutes the first time)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[$extras]" \
      || die "The installation failed; what pip printed above says why."
    echo "$stamp" > .venv/fastlog-installed
  fi
}
