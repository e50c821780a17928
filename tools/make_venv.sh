#!/bin/sh
# make_venv.sh PYTHON FOLDER: a fresh virtual environment with pip, in FOLDER.
#
# Debian and Ubuntu leave ensurepip out of Python until python3-venv is installed, and so does Colab. Then the next of
# these that is here makes the environment: virtualenv, uv, or venv without pip, which a pip from outside is put into.
set -u
python=$1 folder=$2

if [ -n "$(ls -A "$folder" 2>/dev/null)" ] && [ ! -e "$folder/pyvenv.cfg" ]; then
  echo "error: $folder is no virtual environment and not empty: must be another folder, or be removed" >&2
  exit 2
fi

works() { "$folder/bin/python" -m pip --version >/dev/null 2>&1; }

with_venv() { "$python" -m venv --clear "$folder"; }
with_virtualenv() { "$python" -m virtualenv --clear "$folder" || virtualenv --clear --python "$python" "$folder"; }
with_uv() { rm -rf "$folder" && uv venv --seed --python "$python" "$folder"; }
with_pip() {
  "$python" -m venv --clear --without-pip "$folder" || return 1
  "$python" -m pip --python "$folder/bin/python" install pip && return
  for wheel in "${WHEELS:-/usr/share/python-wheels}"/pip-*.whl; do
    "$folder/bin/python" "$wheel/pip" install --no-index "$wheel" && return
  done
}

for way in venv virtualenv uv pip; do
  if "with_$way" >/dev/null 2>&1 && works; then
    [ "$way" = venv ] || echo "$python has no ensurepip; made $folder with $way instead"
    exit 0
  fi
done
rm -rf "$folder"
case $(basename "$python") in python3.*) package=$(basename "$python")-venv ;; *) package=python3-venv ;; esac
if command -v apt-get >/dev/null 2>&1; then mend="sudo apt install $package"; else mend="$python -m pip install virtualenv"; fi
echo "error: $python cannot make a virtual environment with pip: this mends it: $mend" >&2
exit 2
