#!/bin/sh
# Takes out of an environment what no role ever uses, and brings the rest into one fixed state:
# times of SOURCE_DATE_EPOCH, and compiled files that name no time.
set -eu
packages=$1/lib/python3.11/site-packages

# Ray for Java, and its libraries that are not used here.
rm -rf "$packages/ray/jars" "$packages/ray/cpp" "$packages/ray/rllib" "$packages/ray/llm"
# Arrow's servers and stores: tables of pages are all that Arrow is used for.
rm -f "$packages"/pyarrow/libarrow_flight* "$packages"/pyarrow/libarrow_python_flight* \
    "$packages"/pyarrow/_flight* "$packages"/pyarrow/libarrow_s3* "$packages"/pyarrow/_s3fs* \
    "$packages"/pyarrow/_pyarrow_cpp_tests*
# Tests of the libraries, and what other programs would be compiled against.
for library in numba numpy pandas pyarrow scipy sqlalchemy llvmlite; do
    if [ -d "$packages/$library" ]; then
        find "$packages/$library" -type d \( -name tests -o -name include \) -prune -exec rm -rf {} +
    fi
done
find "$packages" -type f \( -name '*.pxd' -o -name '*.pyx' -o -name '*.a' -o -name '*.lib' \) -delete
rm -rf "$1/share/man" "$1/share/doc"

find "$1" -name __pycache__ -prune -exec rm -rf {} +
find "$1" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
# Unchecked: nothing in an image changes, and no file has to be looked at to know that.
python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash -s / "$packages" >compiled.log 2>&1 ||
    grep -v -e "^\*\*\* Error" compiled.log | head -n 5 >&2
find "$1" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
