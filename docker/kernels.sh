#!/bin/sh
# Compiles the kernels into a folder, for any processor that Polars' wheels run on: on x86 those
# with AVX2.  `kizashi run` gives each container its own copy, and tells numba the same target.
set -eu
of=/opt/kizashi/lib/python3.11/site-packages/detectors
export NUMBA_CACHE_DIR="$1"
if [ "$(uname -m)" = x86_64 ]; then
    export NUMBA_CPU_NAME=x86-64-v3 NUMBA_CPU_FEATURES=+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe
else
    export NUMBA_CPU_NAME=generic NUMBA_CPU_FEATURES=
fi
mkdir -p "$NUMBA_CACHE_DIR"
# numba takes what was compiled of a file of this time and size, and compiles all else anew.
find "$of" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
/opt/kizashi/bin/python -c 'from detectors.kernels import warm; warm()'
# The last line says of which kernels they are: a home that outlives the image gets the new ones.
printf '%s\n%s\n%s\n' "$NUMBA_CPU_NAME" "$NUMBA_CPU_FEATURES" \
    "$(cat "$of"/kernels/*.py /opt/kizashi/lib/python3.11/site-packages/numba/_version.py | sha256sum | cut -c1-32)" \
    >"$NUMBA_CACHE_DIR/target"
find "$NUMBA_CACHE_DIR" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
