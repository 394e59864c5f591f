#!/bin/sh
# Installs into a staging folder and builds plugins from what is there and nothing else: a skeleton,
# and the example.  Both are run through the installed fairline-plugin-test.  TAP.
top=${FL_TOP_SRCDIR:?}
build=${FL_TOP_BUILDDIR:?}
make=${MAKE:-make}
work=$(mktemp -d "${TMPDIR:-/tmp}/fairline-install.XXXXXX") || exit 99
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
n=0
failed=0
# A make above would hand its flags down, DESTDIR among them.
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR

# ok NAME COMMAND...
ok() {
    name=$1
    shift
    n=$((n + 1))
    if "$@" >"$work/out" 2>&1; then
        echo "ok $n - $name"
    else
        failed=1
        echo "not ok $n - $name"
        tail -40 "$work/out" | sed 's/^/# /'
    fi
}

ok "it installs" "$make" -s -C "$build" install DESTDIR="$work/stage"
pc=$(find "$work/stage" -name fairline-channel.pc)
PKG_CONFIG_PATH=${pc%/*}
PKG_CONFIG_SYSROOT_DIR=$work/stage
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
PATH=$(dirname "$(find "$work/stage" -name fairline-plugin-test -type f)"):$PATH
export PATH

# Only the header: what else stands in its folder would be a second contract.
has_header_alone() {
    include=$(pkg-config --cflags fairline-channel | sed 's/^-I//; s/ *$//')
    [ "$(find "$include/fairline" -type f)" = "$include/fairline/channel.h" ]
}
ok "the header is installed, alone" has_header_alone
plugindir=$(pkg-config --variable=plugindir fairline-channel)
# The variable is meant for DESTDIR, so without the staging folder in front.
plugindir=${plugindir#"$work/stage"}
ok "plugindir is where our own plugins are" test -f "$work/stage$plugindir/null.so"
ok "no libtool archives are installed" sh -c "! find '$work/stage' -name '*.la' | grep ."

strict="-O2 -Wall -Wextra -Werror"
case $(nm "$(command -v fairline-plugin-test)" 2>/dev/null | grep -c ' __asan_init$') in
0) sanitize= ;;
*) sanitize="-fsanitize=address,undefined" ;;
esac
cp -R "$top/etc/examples/ntfy" "$work/ntfy"
chmod -R u+w "$work/ntfy"
ok "plugin new writes a skeleton" fairline plugin new sample-one --folder "$work/sample-one"
lines=$(wc -l <"$work/sample-one/sample-one.c")
ok "it has at most 150 lines" test "$lines" -le 150
ok "plugin new touches nothing that is there" sh -c "! fairline plugin new sample-one --folder '$work/sample-one'"
for name in ../x X 1x "a b" ""; do
    ok "plugin new takes no name as \"$name\"" sh -c "! fairline plugin new '$name' --folder '$work/bad' && test ! -e '$work/bad'"
done
for cc in gcc clang; do
    command -v $cc >/dev/null || continue
    for plugin in sample-one ntfy; do
        # A sanitizer of one compiler does not load into a program of the other.
        flags="$strict"
        if [ $cc = gcc ]; then flags="$strict $sanitize"; fi
        rm -f "$work/$plugin/$plugin.so"
        ok "$plugin builds with $cc without a warning" "$make" -s -C "$work/$plugin" CC=$cc CFLAGS="$flags"
        NTFY_PEER=$top/tests/peers/ntfy.py
        export NTFY_PEER
        ok "$plugin of $cc passes the conformance run" "$make" -s -C "$work/$plugin" CC=$cc CFLAGS="$flags" check
    done
done
ok "a plugin installs beside ours" "$make" -s -C "$work/sample-one" install DESTDIR="$work/stage" plugindir="$plugindir"
lists() {
    FAIRLINE_PLUGIN_DIR=$work/stage$plugindir fairline plugin list -o name | grep -x sample-one
}
ok "and is listed" lists
echo "1..$n"
exit $failed
