#!/bin/sh
# The public pages in a browser, over the real front: looked at in every size, colour and language,
# and a customer's way through them without JavaScript, whose effects the command line shows.
# FL_NODE: folder that holds node_modules; FL_SCREENSHOTS: folder for pictures of every page.
. "$FL_TOP_SRCDIR/tests/e2e/lib.sh"
for tool in jq node python3 curl; do
    command -v $tool >/dev/null || skip_all "$tool is not installed"
done
FL_CHROMIUM=$(command -v chromium || true)
[ -n "$FL_CHROMIUM" ] || skip_all "chromium is not installed"
[ -d "${FL_NODE:-/nowhere}/node_modules/playwright-core" ] || skip_all "FL_NODE has no playwright-core"
export FL_NODE FL_CHROMIUM FL_SCREENSHOTS
port=$(python3 "$top/tests/peers/ports.py" 1)
base=http://127.0.0.1:$port

cat >"$work/fairline.conf" <<END
data_dir = "$work/data"
plan_interval = "1s"
organisation {
    web_base = "$base"
    name = "Hill Farm Dairy"
    postal_address = "1 Hill Road\nSeoul 04524"
    contact = "desk@shop.example"
    language = "en"
    time_zone = "Asia/Seoul"
    country = "KR"
}
front {
    listen = "127.0.0.1:$port"
    track_clicks = yes
    track_opens = yes
}
channel "mail" {
    plugin = "email"
    options {
        transport = "maildir"
        maildir = "$work/mail"
        from_address = "desk@shop.example"
        from_name = "Hill Farm Dairy"
    }
}
channel "inbox" {
    plugin = "web"
}
END
cat >"$work/people.csv" <<'END'
external_id,name,language,email,phone,consent.marketing.email,consent.marketing.sms
c1,Kim Minji,en,kim@cust.example,010-1234-5678,yes,no
c2,이서연,ko,lee@cust.example,010-2345-6789,yes,yes
c3,Gone Soon,en,gone@cust.example,,yes,no
END
mkdir "$work/milk"
cat >"$work/milk/content.md" <<'END'
---
subject: "Your milk, {{name}}"
---

Dear {{name}},

from Monday we deliver **before seven**, so that breakfast is never late. If that is too early
for you, [read how to change it](https://shop.example/times?a=1&b=2).

## What changes

| Day | Until now | From Monday |
|---|---|---|
| Monday to Friday | 8:30 | 6:45 |
| Saturday | 9:00 | 7:30 |

- Bottles stay the same
- So does the price

**[Answer five questions]({{survey_url}})**

[Look at this in your browser]({{page_url}}) · [Preferences]({{preferences_url}})
END
cat >"$work/milk/content.ko.md" <<'END'
---
subject: "{{name}} 님의 우유 소식"
---

{{name}} 님 안녕하세요.

월요일부터 **아침 일곱 시 전**에 배달해 드립니다. 너무 이르다면
[시간 바꾸는 방법](https://shop.example/times?a=1&b=2)을 보아 주세요.

| 요일 | 지금까지 | 월요일부터 |
|---|---|---|
| 월요일–금요일 | 8:30 | 6:45 |
| 토요일 | 9:00 | 7:30 |

**[다섯 가지 질문에 답하기]({{survey_url}})**

[브라우저에서 보기]({{page_url}}) · [수신 설정]({{preferences_url}})
END
cat >"$work/milk/survey.md" <<'END'
## satisfaction: csat
How satisfied are you with the delivery?
- 1 Not at all
- 5 Very

## recommend: nps
Would you recommend us to a friend or colleague?

## reason: choice
Why did you come to us?
- price The price
- friend A friend told me
- taste The taste

## products: choices
What do you like to have delivered?
- milk Fresh milk
- yoghurt Yoghurt, plain or with fruit of the season
- cheese Cheese

## words: text
What else should we know?
END
cat >"$work/milk/survey.ko.md" <<'END'
## satisfaction: csat
배달 서비스에 얼마나 만족하십니까?
- 1 전혀 만족하지 않음
- 5 매우 만족

## recommend: nps
친구나 동료에게 저희를 추천하시겠습니까?

## reason: choice
저희를 찾으신 까닭은 무엇인가요?
- price 가격
- friend 지인의 추천
- taste 맛

## products: choices
어떤 제품을 배달받고 싶으신가요?
- milk 신선한 우유
- yoghurt 플레인 또는 제철 과일 요구르트
- cheese 치즈

## words: text
더 하실 말씀이 있으신가요?
END
for name in milk again; do
    cat <<END
campaign "$name" {
    purpose = "marketing"
    channel = "mail"
    content = "milk"
    schedule { at = "now" }
}
END
done >"$work/milk.conf"

ok "customers are imported" fairline import customers "$work/people.csv"
ok "the campaigns are applied" fairline campaign apply "$work/milk.conf"
ok "one is scheduled" fairline campaign schedule milk --yes
start_daemon
until_is 30 "three mails have left" 3 messages delivered
[ $failed = 0 ] || done_testing

mail_of() {
    find "$work/mail" -path "*$1*" -path '*/new/*' -type f | head -1
}
links() {
    python3 "$top/tests/peers/mail-links.py" "$(mail_of "$1")"
}
get() { # STATUS CURL-ARGUMENTS...
    want=$1
    shift
    test "$(curl -s -o "$work/body" -D "$work/head" -w '%{http_code}' "$@")" = "$want"
}
events() { # CUSTOMER WHAT
    fairline customer timeline "$1" -o json | jq -r "[.[] | select(.what | startswith(\"$2\"))] | length"
}
consent_of() { # CUSTOMER MEDIUM
    fairline customer show "$1" -o json |
        jq -r ".[0].consents[] | select(.medium == \"$2\" and .purpose == \"marketing\") | .state"
}
browse() { # STEP: each line of the browser's becomes a test
    node "$top/tests/peers/node/pages.js" "$1" >"$work/browser" 2>&1
    while read -r line; do
        n=$((n + 1))
        case $line in
        "ok "*) echo "ok $n - $1: ${line#ok }" ;;
        *) failed=1; echo "not ok $n - $1: ${line#not ok }" ;;
        esac
    done <"$work/browser"
}

links lee@ >"$work/links" && eval "$(sed 's/^\([a-z_]*\)=/KO_\1=/' "$work/links")"
links gone@ >"$work/links" && eval "$(sed 's/^\([a-z_]*\)=/GONE_\1=/' "$work/links")"
links kim@ >"$work/links" && eval "$(cat "$work/links")"
PAGE=$page SURVEY=$survey PREFERENCES=$preferences UNSUBSCRIBE=$unsubscribe
SURVEY_KO=$KO_survey UNSUBSCRIBE_KO=$KO_unsubscribe
export PAGE SURVEY PREFERENCES UNSUBSCRIBE SURVEY_KO UNSUBSCRIBE_KO
until_is 30 "the front answers" ok curl -s "$base/healthz"

browse look
browse walk
browse survey-half
is "half a survey is one piece of feedback" "$(events c1 survey)" 1
browse survey-rest
is "the rest is another" "$(events c1 survey)" 2
browse keyboard
is "so is a survey by keyboard" "$(events c2 survey)" 1
browse contact
is "a double click is one piece" "$(events c1 reply)" 1
browse preferences
is "mail is withdrawn" "$(consent_of c1 email)" withdrawn
is "text messages are granted" "$(consent_of c1 sms)" granted
ok "the second campaign is scheduled" fairline campaign schedule again --yes
until_is 30 "and reaches the other two only" 5 messages delivered
browse stop
is "then nothing is allowed" "$(consent_of c1 email) $(consent_of c1 sms)" "withdrawn withdrawn"
is "opting out was not done by looking" "$(consent_of c2 email)" granted
browse opt-out
is "but by pressing" "$(consent_of c2 email) $(consent_of c2 sms)" "withdrawn granted"

# --- without a browser
ok "a provider's one click opts out" get 200 -X POST -H 'Sec-Fetch-Site: cross-site' \
    -d 'List-Unsubscribe=One-Click' "$GONE_one_click"
is "at once" "$(consent_of c3 email)" withdrawn
ok "a second one is fine" get 200 -X POST -d 'List-Unsubscribe=One-Click' "$GONE_one_click"
ok "a form of another site is refused" get 403 -X POST -H 'Sec-Fetch-Site: cross-site' \
    -d 'words=hello' "$(echo "$page" | sed 's#/m/#/k/#')"
ok "so is one by its origin" get 403 -X POST -H 'Origin: https://evil.example' \
    -d 'words=hello' "$(echo "$page" | sed 's#/m/#/k/#')"
ok "a token of another kind opens nothing" get 404 "$(echo "$survey" | sed 's#/s/#/m/#')"
ok "nor takes it a form" get 404 -X POST -d 'words=hello' "$(echo "$survey" | sed 's#/s/#/k/#')"
ok "an opt-out's token shows no message" get 404 "$(echo "$unsubscribe" | sed 's#/u/#/i/#')"
ok "a made-up token is like none" get 404 "$base/m/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
agent='Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120 Safari/537.36'
ok "a click is sent on" get 302 -A "$agent" "$click"
is "to where the author said" "$(sed -n 's/^[Ll]ocation: *//p' "$work/head" | tr -d '\r')" \
    'https://shop.example/times?a=1&b=2'
ok "to nowhere else" get 404 -A "$agent" \
    "$(echo "$click" | sed 's#u=.*#u=https%3A%2F%2Fevil.example%2F#')"
ok "and not without its seal" get 404 -A "$agent" \
    "$(echo "$click" | sed 's#\(/c/[a-z2-7]*\)/[a-z2-7]*#\1/aaaaaaaaaaaaaaaa#')"
is "it is counted" "$(events c1 clicked)" 1
ok "again within the minute" get 302 -A "$agent" "$click"
ok "a scanner's" get 302 -A 'LinkScanner/1.0' "$click"
ok "the pixel is a picture" get 200 -A "$agent" "$open"
is "of 43 bytes" "$(wc -c <"$work/body")" 43
ok "the feed is well-formed" sh -c "curl -s '$(echo "$page" | sed 's#/m/#/f/#')' | python3 -c '
import sys, xml.dom.minidom as x
assert x.parse(sys.stdin).getElementsByTagName(\"entry\")'"
ok "robots are asked to stay away" sh -c "curl -s '$base/robots.txt' | grep -qx 'Disallow: /'"
ok "no page may be cached" get 200 "$page"
ok "which it says" grep -qi '^cache-control: no-store' "$work/head"
ok "nor run anything" grep -qi "^content-security-policy: default-src 'none'" "$work/head"

stop_daemon
is "the gateway ends well" "$code" 0
done_testing
