#!/bin/sh
# The case of Park & Kim 2002, figure 5: from the trade of the sample company alone, the mothers'
# class comes to stand in zone I and home delivery in zone II.
. "${FL_TOP_SRCDIR:?}/tests/e2e/lib.sh"

command -v sqlite3 >/dev/null || skip_all "no sqlite3"
FAIRLINE_DATA=$top/etc
export FAIRLINE_DATA
dairy() { "$build/fairline" --data-dir "$work/dairy" "$@"; }
ask() { sqlite3 -readonly "$work/dairy/fairline.db" "$1"; }

# share SEGMENT ZONE: percent of the customers of a segment that stand in a zone (0 N, 1 I, 2 II,
# 3 III)
share() {
    ask "select count(*) * 100 / (select count(*) from customer
                                  where attributes ->> 'segment' = '$1')
         from score_now join customer on customer.id = score_now.customer
         where attributes ->> 'segment' = '$1' and zone = $2"
}
is_most() { [ "$(share "$1" "$2")" -gt 50 ]; }
zones() { ask "select customer, zone from score_now order by customer"; }

ok "the sample company" dairy demo
ok "its relationships are valued" dairy value run
ok "most of the mothers' class receive more than the firm earns: zone I" is_most mothers_class 1
ok "of most of home delivery the firm earns more: zone II" is_most home_delivery 2
is "hardly a mother is in zone II" "$([ "$(share mothers_class 2)" -lt 5 ] && echo yes)" yes
ok "the fitted models" dairy value report -o json
zones >"$work/zones"

ok "again" dairy value run
zones >"$work/again"
ok "and everybody stands where they stood" cmp "$work/zones" "$work/again"

# The segment's name is only the prior of answers that were not given: nothing else knows it.
sed -i 's/^value {/value {\n    segment_by = city/' "$work/dairy/fairline.conf"
ok "valued without the name of the segment" dairy value run
ok "the mothers' class still stands in zone I" is_most mothers_class 1
ok "home delivery still stands in zone II" is_most home_delivery 2

ok "the relationship map" dairy value map --png "$work/map.png"
is "which is a picture" "$(head -c 8 "$work/map.png" | od -An -tx1 | tr -d ' \n')" 89504e470d0a1a0a
done_testing
