# Turns migrations/NNNN.sql into a C array of {version, text}.
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
    print "/* Made from migrations/ by migrations.awk. */"
    print "#include \"store/store_sqlite_private.h\""
    print ""
    print "const struct fl_migration fl_store_migrations[] = {"
}
FNR == 1 {
    if (NR > 1)
        print "    },"
    n = split(FILENAME, parts, "/")
    version = parts[n]
    sub(/\.sql$/, "", version)
    printf "    {\n        .version = %d,\n        .sql =\n", version + 0
}
{
    print "            \"" escaped(escaped($0, "\\"), "\"") "\\n\""
}
END {
    print "    },"
    print "    {0},"
    print "};"
}
