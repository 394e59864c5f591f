#!/bin/sh
# What relationships are worth, from files to the last cent of an explanation.  TAP.
. "${FL_TOP_SRCDIR:?}/tests/e2e/lib.sh"

cat >"$work/fairline.conf" <<END
data_dir = "$work/data"
value {
    currency = "EUR"
    run_at = "off"
    segment_by = "class"
    point_value = 0.5
    hour_value = 120
    contact_burden = 10
}
END
mkdir "$work/data"
python3 "$top/tests/e2e/value-data.py" "$work" || exit 99

# json COMMAND...: its rows, or {} where it failed
json() {
    fairline "$@" -o json 2>/dev/null || true
}

# --- before a valuation ---------------------------------------------------------------------------
ok "customers come in" fairline import customers "$work/people.csv"
is "nobody has a score" "$(fairline value show C-40 2>&1)" \
    'fairline: value show: "C-40" has no score yet; "fairline value run" makes them'
ok "and a customer is shown without" fairline customer show C-40
ok "purchases come in" fairline import transactions "$work/sales.csv"
ok "subscriptions come in" fairline import subscriptions "$work/contracts.csv"
ok "referrals come in" fairline import referrals "$work/referrals.csv"
ok "complaints and answers come in" fairline import events "$work/facts.jsonl"

# --- two valuations -------------------------------------------------------------------------------
ok "a valuation in June" fairline value run --as-of 2026-06-30
is "one is not enough for a movement" "$(fairline value movement 2>&1 | grep -c 'two valuations')" 1
ok "and one in September" fairline value run --as-of 2026-09-30
is "both are remembered" "$(json value runs | jq -c 'map(.as_of[:10])')" '["2026-09-30","2026-06-30"]'

# --- one customer ---------------------------------------------------------------------------------
json value show C-40 >"$work/show.json"
is "CE is LTV x CL, to the cent" "$(jq '.[0] | (.ltv | tonumber) * .commitment
    - (.customer_equity | tonumber) | fabs <= 0.01' "$work/show.json")" true
is "CV is EV + SpV - C, to the cent" "$(jq '.[0] | (.economic | tonumber) + (.social | tonumber)
    - (.cost | tonumber) - (.customer_value | tonumber) | fabs < 0.0001' "$work/show.json")" true
is "customer show has the same" \
    "$(json customer show C-40 | jq -r '.[0].customer_equity')" \
    "$(jq -r '.[0].customer_equity' "$work/show.json")"

is "without a signal commitment is the probability of the model" \
    "$(json value show C-11 | jq '.[0] | .commitment == .p and .p > 0')" true

# adds_up CUSTOMER: in every section the lines' cents are the total's, which are the score's
adds_up() {
    json value explain "$1" >"$work/explain.json"
    json value show "$1" >"$work/show.json"
    jq -e --slurpfile show "$work/show.json" '
        def lines($s): [.[] | select(.section == $s and .kind == "line") | .amount_minor] | add // 0;
        def total($s): .[] | select(.section == $s and .kind == "total") | .amount_minor;
        def made($s): [.[] | select(.section == $s and .kind == "line") |
            .quantity * .unit_minor] | add // 0;
        def cents: tonumber * 100 | round;
        . as $all | $show[0][0] as $score |
        ["ltv", "equity", "economic", "social", "cost", "value"] as $sections |
        [$score.ltv, $score.customer_equity, $score.economic, $score.social, $score.cost,
         $score.customer_value] as $amounts |
        [range(6) | $sections[.] as $s | ($all | lines($s)) == ($all | total($s)) and
            (($all | total($s)) - ($all | made($s)) | fabs) <= 0.5001 and
            ($all | total($s)) == ($amounts[.] | cents)] | all' "$work/explain.json" >/dev/null
}
every_tenth_adds_up() {
    for customer in $(json customer list --value --limit 0 | jq -r \
        '[.[] | select(.value_state == "valued") | .external_id] | .[range(0; length; 10)]'); do
        adds_up "$customer" || { echo "$customer"; return 1; }
    done
}
ok "lines add up to the score" adds_up C-40
is "what was given and taken is there" "$(jq -r '[.[] | select(.kind == "line") | .label] | unique |
    map(select(IN("discount", "points", "gift, as far as perceived", "fee", "shipping",
    "hours waited for an answer", "renewals if the next comes, discounted", "brand"))) | length' \
    "$work/explain.json")" 8
is "a line names its event" "$(jq -r '.[] | select(.label == "fee") | .source, .amount' \
    "$work/explain.json" | tr '\n' ' ')" "transaction T-$(($(wc -l <"$work/sales.csv") - 1)) 2.75 "
is "log-odds add up to those of the commitment level" "$(jq '
    ([.[] | select(.section == "commitment" and .kind == "line") | .amount] | add) as $sum |
    .[] | select(.section == "commitment" and .kind == "total") |
    (.amount - $sum | fabs < 1e-9) and (1 / (1 + (-$sum | exp)) - .quantity | fabs < 1e-9)' \
    "$work/explain.json")" true
is "the distance is that of cv and ce" "$(jq -r '
    [.[] | select(.section == "position" and .kind == "line") | .amount] | .[0] + .[1] - .[2] |
    fabs < 1e-12' "$work/explain.json")" true
ok "lines of many add up" every_tenth_adds_up

# --- words instead of numbers ---------------------------------------------------------------------
is "who never bought has not enough data" \
    "$(json value show C-695 | jq -r '.[0] | .value_state, .zone, .ltv' | tr '\n' ' ')" \
    "not enough data N null "
ok "and that can be explained" sh -c "'$build/fairline' -c '$work/fairline.conf' \
    value explain C-695 | grep 'no purchase until the valuation date'"

ok "a customer objects to profiling" fairline consent set C-41 --purpose profiling --medium other \
    --state withdrawn --proof "said so by phone"
is "and what was computed is forgotten at once" "$(json value path C-41 | jq length)" 0
ok "is not valued again" fairline value run --as-of 2026-09-30
is "and that is said" "$(json value show C-41 | jq -r '.[0] | .value_state, .meaning, .ltv' |
    tr '\n' ',')" "objected,objected to profiling: nothing is computed or kept,null,"
is "instead of an explanation" "$(json value explain C-41 | jq -r '.[].label')" objected

# --- everybody ------------------------------------------------------------------------------------
json value report >"$work/report.json"
is "zones are everybody but who objected" \
    "$(jq -c '[.[] | select(.section == "zone") | .count] | add' "$work/report.json")" 699
is "who is counted" "$(jq -c '.[] | select(.section == "run" and .key == "objected") | .count' \
    "$work/report.json")" 1
is "so are the groups" "$(jq -c '[.[] | select(.section == "group") | .count] | sort' \
    "$work/report.json")" '[233,466]'
is "the sum of equity is that of the customers" \
    "$(jq '[.[] | select(.section == "zone") | .sum_customer_equity // "0" | tonumber] | add * 100 | round' \
        "$work/report.json")" \
    "$(json customer list --value --limit 0 | jq '[.[].customer_equity // "0" | tonumber] | add * 100 | round')"
is "the models are there with what chose them" "$(jq -c '[.[] | select(.section == "model") |
    .key, (.parameters | length > 1), .log_likelihood < 0, (.chosen_by | length > 5)]' \
    "$work/report.json")" \
    '["purchases",true,true,true,"subscriptions",true,true,true,"spend",true,true,true]'
is "commitment foretells" "$(jq '.[] | select(.section == "commitment" and .key == "AUC") |
    .with_signals > 0.7' "$work/report.json")" true
is "a list of a zone is as long as the report says" \
    "$(json customer list --zone II --limit 0 | jq length)" \
    "$(jq '.[] | select(.section == "zone" and .key == "II") | .count' "$work/report.json")"
is "a list by key customers and value segment is of them" \
    "$(json customer list --key contribution --key exchange --segment HHH --limit 0 |
        jq 'length > 0 and all(.segment == "HHH" and (.keys | contains(["contribution", "exchange"])))')" \
    true

is "a bare --key is of every key customer, whatever comes after it" \
    "$(json customer list --key --zone II --limit 0 | jq -c '[length > 0, all(.keys != [])]')" \
    "$(json customer list --zone II --value --limit 0 | jq -c 'map(select(.keys != [])) | [length > 0, true]')"
is "and leaves nobody out" "$(json customer list --key --limit 0 | jq length)" \
    "$(json customer list --value --limit 0 | jq 'map(select((.keys // []) != [])) | length')"
is "also at the end of the line" "$(fairline customer list -o name --limit 0 --key | wc -l)" \
    "$(json customer list --key --limit 0 | jq length)"

# --- movement -------------------------------------------------------------------------------------
json value movement >"$work/movement.json"
is "a movement is of everybody but who objected" \
    "$(jq -c '[(map(.all) | add), (map(.gone) | add)]' "$work/movement.json")" '[699,0]'
is "those who come to II are in II now" "$(jq 'map(.to_ii) | add' "$work/movement.json")" \
    "$(json customer list --zone II --limit 0 | jq length)"
is "dates say between which" "$(json value movement --from 2026-07-15 --to 2026-10-15 |
    jq -c '.[0] | .from[:10], .to[:10]' | tr '\n' ' ')" '"2026-06-30" "2026-09-30" '
is "before the first valuation there is none" \
    "$(fairline value movement --from 2020-01-01 2>&1 | grep -c 'no valuation was done until')" 1
is "a path has every valuation" "$(json value path C-40 |
    jq -c 'map(select(.what == "run") | .at[:10])')" '["2026-06-30","2026-09-30","2026-09-30"]'

# --- what happened since --------------------------------------------------------------------------
echo '{"type": "transaction", "id": "late", "customer": "C-40", "date": "2026-09-29", "amount": 90}' \
    >"$work/late.jsonl"
ok "a purchase is brought in late" fairline import events "$work/late.jsonl"
is "and the old score is not explained by it" \
    "$(fairline value explain C-40 2>&1 | grep -c 'another valuation is needed')" 1
ok "another valuation takes it in" fairline value run --as-of 2026-09-30
ok "and is explained" adds_up C-40

# --- one customer scored again by the gateway -----------------------------------------------------
start_daemon
echo '{"type": "answer", "id": "again", "customer": "C-60", "question": "satisfaction", "value": 2,
"low": 1, "high": 5, "at": "2026-11-20"}' | tr -d '\n' >"$work/again.jsonl"
ok "an answer comes in" fairline import events "$work/again.jsonl"
last_step() {
    json value path C-60 | jq -r '.[-1].what'
}
until_is 30 "the customer is scored again" now last_step
is "by the answer" "$(json value explain C-60 | jq -r '.[] | select(.label == "satisfaction" and
    .section == "commitment") | .date')" 2026-11-20
ok "and every number is explained" adds_up C-60
stop_daemon
ok "and what the store holds is sound" fairline store check

done_testing
