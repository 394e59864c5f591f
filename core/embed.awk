# Turns files into a C array, one element a file: {key, text}.  Given by the caller:
#     INCLUDE  header that declares the array     ARRAY  its declaration
#     KEY      member for the name of the file (or, NUMBERED, for the number it begins with)
#     TEXT     member for what is in it
#     STRIP    1: without indentation and empty lines, which are for who edits the files
# Not gsub(): awks differ about backslashes in what is put in.
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
    print "/* Made by core/embed.awk. */"
    print "#include \"" INCLUDE "\""
    print ""
    print ARRAY " = {"
}
FNR == 1 {
    if (NR > 1)
        print "    },"
    n = split(FILENAME, parts, "/")
    name = NUMBERED ? parts[n] + 0 : "\"" parts[n] "\""
    printf "    {\n        .%s = %s,\n        .%s = \"\"\n", KEY, name, TEXT
}
{
    if (STRIP)
        sub(/^[ \t]+/, "")
    if (!STRIP || length($0))
        print "            \"" escaped(escaped($0, "\\"), "\"") "\\n\""
}
END {
    print "    },"
    print "    {0},"
    print "};"
}
