# Turns the files of pages/ into a C array of {name, text}.  Indentation and empty lines are for who
# edits them; they are not sent.  Not gsub(): awks differ about backslashes in what is put in.
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
    print "/* Made from pages/ by pages.awk. */"
    print "#include \"front/front_pages_private.h\""
    print ""
    print "const struct fl_front_file fl_front_files[] = {"
}
FNR == 1 {
    if (NR > 1)
        print "    },"
    n = split(FILENAME, parts, "/")
    printf "    {\n        .name = \"%s\",\n        .text = \"\"\n", parts[n]
}
{
    sub(/^[ \t]+/, "")
    if (length($0))
        print "            \"" escaped(escaped($0, "\\"), "\"") "\\n\""
}
END {
    print "    },"
    print "    {0},"
    print "};"
}
