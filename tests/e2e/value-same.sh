#!/bin/sh
# What must not change what is concluded: the order of the file, reading it twice, the unit of money,
# the unit of time.  And what is no data at all: nobody, one customer, only one-time buyers.
set -u
. "${FL_TOP_SRCDIR:?}/tests/e2e/lib.sh"

# config NAME SETTINGS: a store of its own under that name
config() {
    mkdir -p "$work/$1"
    cat >"$work/$1.conf" <<CONF
data_dir = "$work/$1"
organisation { name = "Test" time_zone = "Asia/Seoul" }
value { currency = KRW  run_at = off  $2 }
CONF
}

# in_store NAME ARGUMENT...
in_store() {
    of=$1
    shift
    "$build/fairline" -c "$work/$of.conf" "$@"
}

# 300 customers who buy, come back, and stop; discounts and fees by their number.
awk -v people="$work/people.csv" -v sales="$work/sales.csv" 'BEGIN {
    x = 12345
    print "external_id,name,attribute.segment" >people
    print "id,customer,date,amount,discount,fee" >sales
    for (c = 1; c <= 300; c++) {
        printf "C%d,Customer %d,%s\n", c, c, c % 3 ? "a" : "b" >people
        first = next_random(200)
        rate = 5 + next_random(60)
        stops = first + next_random(700)
        n = 0
        for (day = first; day < 600 && (n == 0 || day < stops); day += 1 + next_random(2 * rate))
            printf "%d-%d,C%d,%s,%d,%d,%d\n", c, n++, c, date(day), 1000 + next_random(90) * 100,
                c % 5 * 150, c % 7 * 40 >sales
    }
}
function next_random(n) { x = (x * 1103515245 + 12345) % 2147483648; return int(x / 65536) % n }
function date(day,    m, lengths) {
    split("31 28 31 30 31 30 31 31 30 31 30 31", lengths, " ")
    y = 2024 + int(day / 365)
    day = day % 365
    for (m = 1; day >= lengths[m]; m++)
        day -= lengths[m]
    return sprintf("%04d-%02d-%02d", y, m, day + 1)
}'

# value NAME: imports people and the sales of that name, and runs
value() {
    in_store "$1" import customers "$work/people.csv" &&
        in_store "$1" import transactions "$2" && in_store "$1" value run --as-of 2025-08-31
}

# scores NAME COLUMNS: of everybody, in order of their ids
scores() {
    sqlite3 "$work/$1/fairline.db" "SELECT c.external_id, $2 FROM score_now s
        JOIN customer c ON c.id = s.customer ORDER BY length(c.external_id), c.external_id"
}

all="zone, segment, keys, is_high, is_estimated, ltv_minor, ce_minor, cv_minor,
    printf('%.6f', p), printf('%.6f', ce), printf('%.6f', cv), printf('%.4f', certainty)"
ranks="zone, segment, keys, printf('%.4f', p), printf('%.4f', ce), printf('%.4f', cv)"

config first ""
ok "a file of sales is valued" value first "$work/sales.csv"
scores first "$all" >"$work/first.scores"
is "everybody has a score" "$(wc -l <"$work/first.scores" | tr -d ' ')" 300
is "there is somebody in each of the zones I, II and III" \
    "$(sqlite3 "$work/first/fairline.db" 'SELECT count(DISTINCT zone) FROM score_now WHERE zone > 0')" 3

config order ""
{ head -1 "$work/sales.csv" && tail -n +2 "$work/sales.csv" | sort -t, -k4,4n -k1,1r; } >"$work/sales-order.csv"
ok "the same file in another order is valued" value order "$work/sales-order.csv"
scores order "$all" >"$work/order.scores"
ok "and nothing is concluded otherwise" cmp "$work/first.scores" "$work/order.scores"

ok "the file is read again" in_store first import transactions "$work/sales-order.csv"
ok "and valued again" in_store first value run --as-of 2025-08-31
scores first "$all" >"$work/again.scores"
ok "and nothing is concluded otherwise" cmp "$work/first.scores" "$work/again.scores"

config money "point_value = 1"
awk -F, -v OFS=, 'NR > 1 { $4 *= 1000; $5 *= 1000; $6 *= 1000 } 1' "$work/sales.csv" >"$work/sales-money.csv"
ok "amounts a thousand times as large are valued" value money "$work/sales-money.csv"
scores first "$ranks" >"$work/first.ranks"
scores money "$ranks" >"$work/money.ranks"
ok "and zones, ranks, keys and segments stay" cmp "$work/first.ranks" "$work/money.ranks"

config days "period = 1d  horizon = 1092"
ok "days instead of weeks are valued" value days "$work/sales.csv"
scores days "zone, segment, keys" >"$work/days.zones"
scores first "zone, segment, keys" >"$work/first.zones"
# Discounting by the day instead of the week moves hardly anybody: at most 3 in 300.
is "and zones, keys and segments stay" \
    "$([ "$(diff "$work/first.zones" "$work/days.zones" | grep -c '^>')" -le 3 ] && echo same)" same

# --- who objects --------------------------------------------------------------------------------------
state_of() {
    in_store first value show "$1" -o json | jq -r '.[0].value_state'
}
ok "a customer objects to profiling" in_store first consent set C7 --purpose profiling --medium other \
    --state withdrawn --proof "by phone"
is "the score is forgotten at once" \
    "$(sqlite3 "$work/first/fairline.db" "SELECT count(*) FROM score s JOIN customer c ON c.id = s.customer WHERE c.external_id = 'C7'")" 0
is "and it is said why" "$(state_of C7)" objected
ok "everybody is valued again" in_store first value run --as-of 2025-08-31
is "but for who objected" "$(state_of C7)" objected
ok "the objection is taken back" in_store first consent set C7 --purpose profiling --medium other \
    --state granted --proof "by phone"
ok "and a run" in_store first value run --as-of 2025-08-31
is "values the customer again" "$(state_of C7)" valued

# --- hardly any data --------------------------------------------------------------------------------
zones() {
    sqlite3 "$work/$1/fairline.db" "SELECT group_concat(n || ' in ' || zone, ', ') FROM
        (SELECT count(*) AS n, zone FROM score_now GROUP BY zone ORDER BY zone)"
}

config nobody ""
ok "a store without customers is valued" in_store nobody value run
is "nobody has a score" "$(zones nobody)" ""

config one ""
printf 'external_id,name\nA,A\n' >"$work/one.csv"
ok "one customer comes" in_store one import customers "$work/one.csv"
ok "and is valued before any purchase" in_store one value run
is "not enough data is a state" "$(zones one)" "1 in 0"
printf 'customer,date,amount\nA,2025-01-01,5000\n' >"$work/one-sale.csv"
ok "one purchase comes" in_store one import transactions "$work/one-sale.csv"
ok "and is valued" in_store one value run --as-of 2025-08-31
is "one purchase says nothing either" "$(zones one)" "1 in 0"

config once ""
awk -F, -v OFS=, 'NR == 1 || !($2 in seen) { seen[$2] = 1; print }' "$work/sales.csv" >"$work/sales-once.csv"
ok "a file of one-time buyers is valued" value once "$work/sales-once.csv"
is "nobody's value is known" "$(zones once)" "300 in 0"

# --- what is refused ----------------------------------------------------------------------------------
printf 'customer,date,amount\nC1,2025-01-01,-5\n' >"$work/bad.csv"
is "a negative amount is refused" "$(in_store first import transactions "$work/bad.csv" 2>&1 | grep -c 'negative')" 1
printf 'customer,date,amount,currency\nC1,2025-01-01,5,USD\n' >"$work/bad.csv"
is "another currency is refused" "$(in_store first import transactions "$work/bad.csv" 2>&1 | grep -c 'KRW')" 1
is "nothing of them was taken" \
    "$(sqlite3 "$work/first/fairline.db" 'SELECT count(*) FROM trade_line')" "$(($(wc -l <"$work/sales.csv") - 1))"
is "an as-of date ahead is refused" "$(in_store first value run --as-of 2999-01-01 >/dev/null 2>&1; echo $?)" 65

ok "config help explains the whole section" sh -c \
    "'$build/fairline' -c '$work/first.conf' config help value -o json |
        jq -e 'length > 30 and all(.[]; .key | startswith(\"value.\"))'"
done_testing
