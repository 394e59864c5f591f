#!/bin/sh
# Campaigns that go by what relationships are worth: audiences by zone, a hold-out, a stage on a
# change of zone, and what the campaign changed.  TAP.
. "${FL_TOP_SRCDIR:?}/tests/e2e/lib.sh"

cat >"$work/fairline.conf" <<CONF
data_dir = "$work/data"
plan_interval = 1s
organisation { name = Dairy  time_zone = Asia/Seoul }
channel "drill" {
    plugin = "null"
    options { journal = "$work/journal" }
}
CONF
mkdir -p "$work/campaigns/gift" "$work/campaigns/back"
printf -- '---\nsubject: A gift\n---\nA gift\n' >"$work/campaigns/gift/content.md"
printf -- '---\nsubject: Come back\n---\nCome back\n' >"$work/campaigns/back/content.md"
cat >"$work/campaigns/care.conf" <<CONF
campaign "care" {
    purpose = "marketing"
    channel = "drill"
    content = "gift"
    hold_out = "25%"
    audience { zone = "II"  cv_max = 0.5 }
    schedule { at = "now" }
}
campaign "win-back" {
    purpose = "marketing"
    channel = "drill"
    stage "back" { zone_from = "III"  zone_to = "II"  within = "1d"  content = "back" }
}
campaign "plain" {
    purpose = "marketing"
    channel = "drill"
    content = "gift"
    schedule { at = "now" }
}
CONF

# reached CAMPAIGN: how many got it
reached() {
    fairline campaign report "$1" -o json |
        jq -r '[.[] | select(.key == "accepted" or .key == "delivered") | .count] | add // 0'
}

put_scores() {
    "$build/tests/peers/put-scores" "sqlite:$work/data/fairline.db"
}

# rows of JSON: field FIELD FILTER COMMAND...
field() {
    field=$1
    filter=$2
    shift 2
    "$@" -o json | jq -r "[.[] | select($filter) | .$field] | if length == 1 then .[0] else length end"
}

# C000 to C199 are in zone II, C200 to C249 in zone III; who of them is where is all that differs.
{
    echo "external_id,name,email,consent.marketing.email"
    i=0
    while [ $i -lt 260 ]; do
        printf 'C%03d,Kim %d,c%d@example.org,granted\n' $i $i $i
        i=$((i + 1))
    done
} >"$work/customers.csv"
ok "customers are imported" fairline import customers "$work/customers.csv"
ok "campaigns are applied" fairline campaign apply "$work/campaigns/care.conf"
is "the hold-out is shown" "$(field hold_out_percent true fairline campaign show care)" 25

# --- before anybody is valued -----------------------------------------------------
is "nobody is in a zone yet" "$(field customers '.rule == "none"' fairline campaign plan care)" 0
field why true fairline why C001 care >"$work/why"
ok "why says what to do" grep -q 'fairline value run' "$work/why"
fairline campaign effect care >"$work/out" 2>"$work/err" && code=0 || code=$?
is "an effect of nothing is refused" "$code" 1
ok "with the command to run" grep -q 'fairline campaign schedule care' "$work/err"

awk 'BEGIN {
    for (i = 0; i < 250; i++)
        printf "C%03d %s %.3f 0.700 1000 0.5\n", i, i < 200 ? "II" : "III", 0.2 + (i % 10) / 50
}' >"$work/scores-1"
ok "a first valuation" sh -c "'$build/tests/peers/put-scores' 'sqlite:$work/data/fairline.db' <'$work/scores-1'"

# --- audience and hold-out --------------------------------------------------------
planned=$(field customers '.rule == "none"' fairline campaign plan care)
held=$(field customers '.rule == "hold_out"' fairline campaign plan care)
is "those of the zone are in the audience" "$((planned + held))" 200
ok "about a quarter is held out" test "$held" -ge 20 -a "$held" -le 80
start_daemon
ok "it is scheduled" fairline campaign schedule care --yes
ok "and the stages" fairline campaign schedule win-back --yes
until_is 60 "all but the hold-out get it" "$planned" reached care
is "the hold-out is counted" "$(field count '.key == "hold_out"' fairline campaign report care)" "$held"
is "nobody else is planned for" "$(field count '.section == "messages"' fairline campaign report care)" 200
fairline queue list --campaign care --state suppressed --limit 0 -o json | jq -r '.[].customer' | sort >"$work/held"
one=$(head -1 "$work/held")
field why true fairline why "$one" care >"$work/why"
ok "why says who is held out" grep -q 'held out of this campaign' "$work/why"
field why true fairline why C220 care >"$work/why"
ok "why says who is in another zone" grep -q 'zone III, expected II' "$work/why"
field why true fairline why C255 care >"$work/why"
ok "why says who was not valued" grep -q 'nobody has valued the relationship' "$work/why"
ok "the report says why there is no effect yet" sh -c "
    '$build/fairline' -c '$work/fairline.conf' campaign report care -o json |
        jq -e '.[] | select(.section == \"effect\") | .sentence | test(\"nobody was valued since\")'"
fairline campaign effect care >"$work/out" 2>"$work/err" && code=0 || code=$?
is "an effect before the next valuation is refused" "$code" 1
ok "with what to run" grep -q 'nobody was valued since' "$work/err"

# --- the treated move (what else is measured stays, so that chance decides nothing), and some go from zone III to II ----------------------------
stop_daemon
awk -v held="$work/held" 'BEGIN {
    while ((getline line <held) > 0)
        is_held[line] = 1
}
{
    noise = ((NR * 7919) % 100 - 50) / 2500
    cv = $3 + noise + (is_held[$1] ? 0 : 0.1)
    zone = NR > 200 && NR <= 230 ? "II" : $2
    printf "%s %s %.4f 0.700 %d 0.5\n", $1, zone, cv, $5 + 100 * noise
}' "$work/scores-1" >"$work/scores-2"
is "a second valuation moves thirty" "$(put_scores <"$work/scores-2")" "30 changes"
start_daemon
until_is 60 "the change of zone is acted upon" 30 reached win-back
field why true fairline why C240 win-back >"$work/why"
ok "why says who did not move" grep -q 'did not come from one zone to another' "$work/why"

is "customer value rose" "$(field verdict '.measure == "cv"' fairline campaign effect care)" rose
is "by what was added" "$(fairline campaign effect care --measure cv -o json |
    jq -r '.[0] | .low < 0.1 and .high > 0.1 and .low > 0.08 and .high < 0.12')" true
is "on commitment there is no conclusion" \
    "$(field verdict '.measure == "commitment"' fairline campaign effect care)" undecided
is "nor on rank in equity, which is the same" \
    "$(field verdict '.measure == "ce"' fairline campaign effect care)" undecided
is "everybody of both groups counts" "$(fairline campaign effect care -o json |
    jq -r '.[0] | "\(.treated) \(.hold_out)"')" "$planned $held"
ok "a sentence says so" sh -c "'$build/fairline' -c '$work/fairline.conf' campaign effect care |
    grep -q 'customer value (rank) rose by 0[.]\\(09\\|10\\)'"
is "the report shows it" "$(field verdict '.section == "effect" and .key == "cv"' \
    fairline campaign report care)" rose

# --- without a hold-out -----------------------------------------------------------
ok "a campaign to everybody" fairline campaign schedule plain --yes
until_is 60 "reaches everybody" 260 reached plain
stop_daemon
put_scores <"$work/scores-2" >/dev/null
fairline campaign effect plain >"$work/out" 2>"$work/err" && code=0 || code=$?
is "its effect is refused" "$code" 1
ok "for want of a hold-out" grep -q 'has no hold-out' "$work/err"
is "the report does not speak of it" \
    "$(field count '.section == "effect"' fairline campaign report plain)" 0

done_testing
