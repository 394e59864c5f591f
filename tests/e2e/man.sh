#!/bin/sh
# Manual pages: they agree with the program's tables and mandoc has nothing to say.  TAP.
top=${FL_TOP_SRCDIR:?}
build=${FL_TOP_BUILDDIR:?}
n=0
result() {
    n=$((n + 1))
    if [ -z "$2" ]; then
        echo "ok $n - $1"
    else
        echo "not ok $n - $1"
        printf '%s\n' "$2" | head -20 | sed 's/^/# /'
    fi
}
result "pages agree with the tables" "$("$top/man/update-man" "$build/fairline" --check 2>&1)"
if command -v mandoc >/dev/null && [ -e "$build/man/fairline.1" ]; then
    result "mandoc has nothing to say" "$(for page in "$build"/man/*.[1-8]; do mandoc -Tlint -W warning "$page"; done 2>&1)"
else
    n=$((n + 1))
    echo "ok $n - mandoc has nothing to say # SKIP no mandoc, or no scdoc when it was built"
fi
echo "1..$n"
