#!/bin/sh
# A model fitted to a table, without a store: published figures, every form of table, bad ones.  TAP.
. "${FL_TOP_SRCDIR:?}/tests/e2e/lib.sh"

# fit ARGUMENT...: leaves $code, $work/out.json, $work/err
fit() {
    code=0
    "$build/fairline" value fit -o json "$@" >"$work/out.json" 2>"$work/err" </dev/null || code=$?
}
# bad ARGUMENT...: the same for people; $code, $work/err
bad() {
    code=0
    "$build/fairline" value fit "$@" >"$work/out" 2>"$work/err" </dev/null || code=$?
}
# got JQ: of the first row
got() {
    jq -r ".[0] | $1" "$work/out.json"
}
# near NAME JQ VALUE WITHIN
near() {
    ok "$1" jq -e ".[0] | ($2) as \$v | (\$v - ($3)) | fabs <= ($4)" "$work/out.json"
}
# says NAME TEXT: on standard error
says() {
    ok "$1" grep -qF -- "$2" "$work/err"
}

# --- made-up purchases: 400 customers of 300 days, a third of whom come back -------------------
awk 'BEGIN {
    print "customer,date,amount"
    for (i = 0; i < 400; i++)
        for (k = 0; k <= (i % 3 ? 0 : 1 + i % 7); k++) {
            day = (i * 7) % 100 + k * (5 + i % 30)
            month = 1 + int(day / 28)
            printf "c%03d,2025-%02d-%02d,%d.50\n", i, month, 1 + day % 28, (5 + (i * i * 13) % 40) * (2 + (i + k * 5) % 4)
        }
}' >"$work/made.csv"
fit --transactions "$work/made.csv" --until 2025-06-30 --holdout-until 2025-12-31
is "made-up purchases are fitted" "$code" 0
is "by the model that fits best" "$(got '.state, .converged')" "fitted
true"
ok "with all that was promised" jq -e '.[0] | has("model") and has("parameters")
    and has("standard_errors") and has("log_likelihood") and has("iterations")
    and (.holdout | has("expected") and has("actual")) and .customers == 400
    and (.chosen.scores | length == 3)' "$work/out.json"
model=$(got .model)
got '[.model, .parameters, .log_likelihood, .holdout, .spend.parameters]' >"$work/first"
{
    head -1 "$work/made.csv"
    tail -n +2 "$work/made.csv" | sort -t, -k3,3n -k1,1r
} >"$work/shuffled.csv"
fit --transactions "$work/shuffled.csv" --until 2025-06-30 --holdout-until 2025-12-31
got '[.model, .parameters, .log_likelihood, .holdout, .spend.parameters]' >"$work/second"
ok "the order of rows has no effect" cmp "$work/first" "$work/second"
fit --transactions "$work/made.csv" --transactions "$work/made.csv" --until 2025-06-30 \
    --holdout-until 2025-12-31
got '[.model, .parameters, .log_likelihood, .holdout, .spend.parameters]' >"$work/second"
ok "nor has a file given twice" cmp "$work/first" "$work/second"
says "which is said" "read once"
awk -F, 'BEGIN { OFS = "," } { print (NR > 1 ? NR : "id"), $0 }
    NR > 1 && NR % 5 == 0 { print NR, $0 }' "$work/made.csv" >"$work/ids.csv"
fit --transactions "$work/ids.csv" --until 2025-06-30 --holdout-until 2025-12-31
got '[.model, .parameters, .log_likelihood, .holdout, .spend.parameters]' >"$work/second"
ok "nor has a purchase whose id stands twice" cmp "$work/first" "$work/second"
sed 's/customer,date,amount/Käufer;Tag;Summe/; s/,/;/g' "$work/made.csv" >"$work/german.csv"
fit --transactions "$work/german.csv" --map "Käufer=customer,Tag=date,Summe=amount" \
    --until 2025-06-30 --holdout-until 2025-12-31
got '[.model, .parameters, .log_likelihood, .holdout, .spend.parameters]' >"$work/second"
ok "nor have other names and separators" cmp "$work/first" "$work/second"
fit --transactions "$work/made.csv" --until 2025-06-30 --unit day --model "$model"
rate=$(jq -r '.[0].parameters.alpha' "$work/out.json")
fit --transactions "$work/made.csv" --until 2025-06-30 --unit week --model "$model"
near "in days alpha is seven times that in weeks" .parameters.alpha "$rate / 7" "$rate / 700"
awk -F, 'NR == 1 { print } NR > 1 { print $1 "," $2 "," $3 * 1300 }' "$work/made.csv" >"$work/won.csv"
p=$(got .spend.parameters.p)
v=$(got .spend.parameters.v)
fit --transactions "$work/won.csv" --until 2025-06-30 --model "$model"
near "money in another currency scales v" .spend.parameters.v "$v * 1300" "$v * 13"
near "and nothing else" .spend.parameters.p "$p" "$p / 100"

# --- predictions ------------------------------------------------------------------------------
fit --transactions "$work/made.csv" --until 2025-06-30 --model "$model" \
    --predict "$work/made.csv" --horizon 52
is "a row for each customer" "$(jq length "$work/out.json")" 401
ok "with probabilities, finite, and CE = LTV x P(alive)" jq -e '.[1:] | all(
    .p_alive >= 0 and .p_alive <= 1 and .expected_purchases >= 0
    and (.ltv == null or ((.ce - .ltv * .p_alive) | fabs < 1e-9)))' "$work/out.json"
printf 'customer\nc003\nnobody\n' >"$work/some.csv"
fit --transactions "$work/made.csv" --until 2025-06-30 --model "$model" --predict "$work/some.csv"
is "or for some" "$(jq -c '[.[1:][] | [.customer, .p_alive != null]]' "$work/out.json")" \
    '[["c003",true],["nobody",false]]'
printf 'customer,x,tx,T,z\nnew,0,0,4,0\nold,9,30,31,20\n' >"$work/rows.csv"
fit --transactions "$work/made.csv" --until 2025-06-30 --model "$model" --predict "$work/rows.csv"
is "or for others" "$(jq -c '[.[1:][] | .customer]' "$work/out.json")" '["new","old"]'
fit --transactions "$work/german.csv" --map "Käufer=customer,Tag=date,Summe=amount" \
    --until 2025-06-30 --model "$model" --predict "$work/german.csv"
is "the map is for both" "$(jq length "$work/out.json")" 401
"$build/fairline" value fit --transactions "$work/made.csv" --model "$model" \
    --predict "$work/some.csv" -o csv --fields customer,x >"$work/out.csv" 2>/dev/null
is "CSV of the customers alone" "$(tr -d '\r' <"$work/out.csv" | cut -d, -f1 | tr '\n' ' ')" \
    "customer c003 nobody "

# --- too little -------------------------------------------------------------------------------
printf 'customer,date\nkim,2025-01-01\n' >"$work/one.csv"
fit --transactions "$work/one.csv"
is "one customer: exit code" "$code" 1
is "is not enough data" "$(got '.state, .parameters')" "not_enough_data
null"
ok "and it is said why" test -n "$(got .why)"
awk 'BEGIN { print "customer,date"; for (i = 0; i < 50; i++) print i ",2025-01-" 10 + i % 20 }' \
    >"$work/once.csv"
for model in auto bgnbd mbgnbd paretonbd nbd; do
    fit --model $model --transactions "$work/once.csv" --until 2025-12-31
    is "all one-time buyers, $model" "$code $(got .state)" "1 not_enough_data"
done
fit --transactions "$work/made.csv" --until 2020-01-01
is "nobody had come yet" "$code $(got .state)" "1 not_enough_data"

# --- wrong ------------------------------------------------------------------------------------
cat >"$work/bad.csv" <<CSV
customer,date,amount
kim,2025-01-01,-5
lee,2025-13-01,1
park,2025-01-01,nan
choi,2025-01-01,inf
,2025-01-01,1
jung,tomorrow,1e400
han,2025-01-01,1,2
CSV
bad --transactions "$work/bad.csv"
is "bad rows: exit code" "$code" 65
for fault in ':2: amount "-5"' ':3: date "2025-13-01"' ':4: amount "nan"' ':5: amount "inf"' \
    ':6: customer' ':7: date "tomorrow"' ':7: amount "1e400"' ':8: 4 cells'; do
    says "$fault" "bad.csv$fault"
done
printf 'customer,date,amount,currency\na,2025-01-01,1,EUR\nb,2025-01-01,1,USD\n' >"$work/bad.csv"
bad --transactions "$work/bad.csv"
is "two currencies" "$code" 65
says "are told by line" 'bad.csv:3: currency "USD"'
printf 'id,customer,date,amount\n1,a,2025-01-01,1\n1,a,2025-01-02,1\n' >"$work/bad.csv"
bad --transactions "$work/bad.csv"
is "two purchases of one id" "$code" 65
says "are told as well" 'bad.csv:3: id "1"'
printf 'customer,date\na,2025-01-01\na,2995-01-01\n' >"$work/bad.csv"
bad --transactions "$work/bad.csv"
is "a purchase of the future" "$code" 65
says "is not what time ends at" "2995-01-01, which has not come yet: give --until"
bad --transactions "$work/bad.csv" --until 2025-06-30
is "is left out where the end is given" "$code $(grep -c 'later than' "$work/err")" "1 1"
: >"$work/empty.csv"
bad --transactions "$work/empty.csv"
is "an empty file" "$code" 65
says "is called so" "empty"
bad --summary "$work/one.csv"
is "a table without x and T" "$code" 65
says "says which" "x: no column goes into this field"
printf 'x,tx,T\n1,5,4\n2,0,9\n0,0,-1\n99999,1,2\n0.5,1,2\n' >"$work/bad.csv"
bad --model bgnbd --summary "$work/bad.csv"
is "impossible customers" "$code $(grep -c '^[^ ]*bad.csv:[2-6]:' "$work/err")" "65 5"
printf 'customer,x,tx,T\na,0,0,1\na,0,0,1\n' >"$work/bad.csv"
bad --model bgnbd --summary "$work/bad.csv"
is "a customer twice" "$code" 65
bad --transactions "$work/made.csv" --until 2025-06-30 --holdout-until 2025-06-01
is "a hold-out before the end" "$code" 65
bad --model sbg --transactions "$work/made.csv"
is "purchases are no subscriptions" "$code" 65
bad --transactions "$work/made.csv" --summary "$work/made.csv"
is "one table at a time" "$code" 65
bad --transactions "$work/made.csv" --map "customer=nothing"
is "a field that is none" "$code" 65
{
    head -1 "$work/made.csv"
    sed 1d "$work/made.csv" | sed 's/$/,purchase/'
} | sed '1s/$/,kind/' >"$work/kind.csv"
echo "c000,2025-03-01,9,refund" >>"$work/kind.csv"
fit --transactions "$work/kind.csv" --until 2025-06-30
is "a refund is no purchase" "$code $(got .refunds_left_out)" "0 1"

# --- subscriptions ----------------------------------------------------------------------------
printf 'year,n\n0,1000\n1,631\n2,468\n3,382\n4,326\n5,289\n6,262\n7,241\n' >"$work/years.csv"
fit --model sbg --summary "$work/years.csv"
near "sBG of Fader and Hardie: gamma" .parameters.gamma 0.704 0.00704
near "delta" .parameters.delta 1.182 0.01182
near "log-likelihood" .log_likelihood -1680.27 0.05
fit --summary "$work/years.csv"
is "years are subscriptions" "$(got '.model | . == "sbg" or . == "bdw"')" true
printf 'year,n\n0,1000\n2,631\n3,700\n' >"$work/years.csv"
fit --model sbg --summary "$work/years.csv"
is "a missing year" "$code" 65

# --- published --------------------------------------------------------------------------------
clv=${FL_SHARED_DATA:-/nowhere}/clv
if [ ! -r "$clv/CDNOW_sample.txt" ]; then
    n=$((n + 1))
    echo "ok $n - published figures # SKIP FL_SHARED_DATA has no clv/CDNOW_sample.txt"
else
    fit --model bgnbd --transactions "$clv/CDNOW_sample.txt" --until 1997-09-30 \
        --holdout-until 1998-06-30 --predict "$clv/CDNOW_sample.txt" --horizon 39
    near "CDNOW, BG/NBD: r" .parameters.r 0.243 0.00243
    near "alpha" .parameters.alpha 4.414 0.04414
    near "a" .parameters.a 0.793 0.00793
    near "b" .parameters.b 2.426 0.02426
    near "log-likelihood" .log_likelihood -9582.4 0.05
    near "Gamma-Gamma" .spend.log_likelihood -4055.9 0.05
    near "what was bought in the hold-out" .holdout.actual 1882 0
    ok "what is expected of the first customer" jq -e \
        '.[1] | (.expected_purchases - 1.226 | fabs) < 0.002' "$work/out.json"
    jq -r '.[1:][] | [(.customer | tonumber), .x, .tx, .T]
        | "\(.[0]) \(.[1]) \(.[2]) \(.[3])"' "$work/out.json" >"$work/rows"
    is "all customers and their days, as published" "$(tail -n +2 "$clv/cdnow_customers_summary.csv" |
        tr -d '\r' | tr , ' ' | paste -d ' ' "$work/rows" - | awk '
            function off(a, b) { return a - b > 0.00501 || b - a > 0.00501 }
            $1 != $5 || $2 != $6 || off($3, $7) || off($4, $8) { bad++ } END { print NR, bad + 0 }')" \
        "2357 0"
    cut -c7- "$clv/CDNOW_sample.txt" >"$work/master.txt"
    got '[.parameters, .log_likelihood, .holdout, .spend]' >"$work/first"
    fit --model bgnbd --transactions "$work/master.txt" --until 1997-09-30 --holdout-until 1998-06-30
    got '[.parameters, .log_likelihood, .holdout, .spend]' >"$work/second"
    ok "the same from the form of the master file" cmp "$work/first" "$work/second"
    fit --model paretonbd --summary "$clv/cdnow_customers_summary.csv"
    near "Pareto/NBD" .log_likelihood -9595.0 0.05
    fit --summary "$clv/cdnow_customers_summary.csv"
    is "auto leaves BG/NBD out where most never came back" "$(got '.model, .chosen.scores.bgnbd')" \
        "mbgnbd
null"
    fit --model bgbb --summary "$clv/donations.csv"
    near "donations, BG/BB" .log_likelihood -33225.6 0.05
    fit --model sbg --summary "$clv/sbg_tables.tsv" --map "highend_pct=percent"
    near "high-end subscribers" .log_likelihood -1611.16 0.05
    fit --model gammagamma --summary "$clv/cdnow_customers_summary_with_transactions.csv"
    near "spend of the repeaters" .log_likelihood -4055.9 0.05
fi

echo "1..$n"
exit $failed
