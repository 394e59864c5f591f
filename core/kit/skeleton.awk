# Turns the files of skeleton/ into a C array of {name, text}; awks differ about backslashes in
# gsub(), so they are put in by hand.
function escaped(text, what,    n, out)
{
    n = index(text, what)
    while (n) {
        out = out substr(text, 1, n - 1) "\\" what
        text = substr(text, n + 1)
        n = index(text, what)
    }
    return out text
}
BEGIN {
    print "/* Made from skeleton/ by skeleton.awk. */"
    print "#include \"kit/kit_private.h\""
    print ""
    print "const struct fl_kit_template fl_kit_templates[] = {"
}
FNR == 1 {
    if (NR > 1)
        print "    },"
    n = split(FILENAME, parts, "/")
    printf "    {\n        .name = \"%s\",\n        .text =\n", parts[n]
}
{
    print "            \"" escaped(escaped($0, "\\"), "\"") "\\n\""
}
END {
    print "    },"
    print "    {.name = NULL},"
    print "};"
}
