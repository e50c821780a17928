#!/bin/sh
# make_venv.sh PYTHON FOLDER: a virtual environment of PYTHON with pip, in FOLDER. One that is there is kept, with all
# that was installed into it, unless it is broken or of another Python.
#
# Debian and Ubuntu leave ensurepip out of Python until python3-venv is installed, and so does Colab. Then the next of
# these that is here makes the environment: virtualenv, uv, or venv without pip, which a pip from outside is put into.
set -u
python=$1 folder=$2
newline='
'

if [ -n "$(ls -A "$folder" 2>/dev/null)" ] && [ ! -e "$folder/pyvenv.cfg" ]; then
  echo "error: $folder is no virtual environment and not empty: must be another folder, or be removed" >&2
  exit 2
fi

# Which Python it is: the same for one and for the environments made of it.
identity() {
  "$1" -c 'import os, sys; print("Python %d.%d in" % sys.version_info[:2], os.path.realpath(sys.base_prefix))'
}
works() { "$folder/bin/python" -m pip --version; }

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

# The first and the last of the lines that a program wrote: what it tried, or a traceback's head, and what came of it.
in_short() {
  first=${1%%"$newline"*} last=${1##*"$newline"}
  if [ "$first" = "$last" ]; then echo "${1:-nothing}"; else echo "$first … $last"; fi
}

wanted=$(identity "$python") || { echo "error: $python does not run: must be a Python" >&2; exit 2; }
if [ "$(identity "$folder/bin/python" 2>/dev/null)" = "$wanted" ] && works >/dev/null 2>&1; then
  echo "bringing $folder up to date ($wanted)"
  exit 0
fi
echo "setting up $folder ($wanted), which takes a minute"
tried=
for way in venv virtualenv uv pip; do
  if said=$( ("with_$way" && works) 2>&1); then
    [ "$way" = venv ] || echo "$python has no ensurepip; made $folder with $way instead"
    exit 0
  fi
  tried="$tried  $way said: $(in_short "$said")$newline"
done
rm -rf "$folder"
case $(basename "$python") in python3.*) package=$(basename "$python")-venv ;; *) package=python3-venv ;; esac
if command -v apt-get >/dev/null 2>&1; then mend="sudo apt install $package"; else mend="$python -m pip install virtualenv"; fi
echo "${tried}error: $python cannot make a virtual environment with pip: this mends it: $mend" >&2
exit 2
