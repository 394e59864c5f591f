# scdoc puts a paragraph macro wherever a paragraph could begin; mandoc warns of every empty one.
# Those before and after a heading or a change of indentation, and all but one in a row, go.
/^\.P$/ { if (!after_break) pending = 1; next }
{
    is_break = /^\.(SH|SS|RS|RE|TH)/
    if (pending && !is_break)
        print ".P"
    pending = 0
    print
    after_break = /^\.(SH|SS|TH)/
}
