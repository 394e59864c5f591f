#!/bin/sh
# One message, there and back, over real Postfix and Dovecot: a campaign to 200 recipients by
# STARTTLS and login, real bounces, a customer's real reply, and nothing twice.
. "$FL_TOP_SRCDIR/tests/e2e/lib.sh"
for tool in jq swaks; do
    command -v $tool >/dev/null || skip_all "$tool is not installed"
done
mail=$work/mail
code=0
sh "$top/tests/peers/mail-up.sh" "$mail" >"$work/mail-up.log" 2>&1 </dev/null || code=$?
[ $code = 77 ] && skip_all "$(tail -1 "$work/mail-up.log")"
[ $code = 0 ] || { cat "$work/mail-up.log"; echo "Bail out! no mail server"; exit 1; }
before_end() { sh "$top/tests/peers/mail-down.sh" "$mail" >/dev/null 2>&1; }
. "$mail/ports"

printf 'pw\n' >"$work/password"
chmod 600 "$work/password"
cat >"$work/fairline.conf" <<END
data_dir = "$work/data"
plan_interval = "1s"
organisation {
    name = "Hill Farm Dairy"
    postal_address = "1 Hill Road, Seoul"
    contact = "desk@shop.test"
    language = "en"
    time_zone = "Asia/Seoul"
    country = "KR"
}
channel "mail" {
    plugin = "email"
    workers = 2
    batch = 25
    collect_interval = "1s"
    options {
        host = "127.0.0.1:$SUBMISSION_PORT"
        tls = "starttls"
        ca_file = "$CA_FILE"
        user = "desk@shop.test"
        password_file = "$work/password"
        from_address = "desk@shop.test"
        from_name = "Hill Farm Dairy"
        inbound = "imap"
        imap = "127.0.0.1:$IMAPS_PORT"
        imap_user = "desk@shop.test"
        imap_password_file = "$work/password"
        poll = "1s"
    }
}
END
{
    echo "external_id,name,language,email,consent.marketing.email"
    i=1
    while [ $i -le 198 ]; do
        echo "c$i,고객 $i,ko,u$i@cust.test,yes"
        i=$((i + 1))
    done
    echo "c199,No Such,en,nosuch@cust.test,yes"
    echo "c200,Full Box,en,full@cust.test,yes"
    echo "c201,No Consent,en,kim@cust.test,no"
} >"$work/people.csv"
mkdir "$work/news"
cat >"$work/news/content.md" <<'END'
---
subject: "News from the farm for {{name}}"
---

# Hello {{name}}

The cows are on the **spring grass** again.
END
cat >"$work/news/content.ko.md" <<'END'
---
subject: "{{name}} 님, 목장 소식입니다"
---

# {{name}} 님 안녕하세요

소들이 다시 **봄 풀밭**에 나왔습니다.
END
cat >"$work/news.conf" <<'END'
campaign "news" {
    purpose = "marketing"
    channel = "mail"
    content = "news"
    schedule { at = "now" }
}
END

ok "customers are imported" fairline import customers "$work/people.csv"
ok "the campaign is applied" fairline campaign apply "$work/news.conf"
ok "the mail server and the mail store take our login" fairline channel check mail
ok "the campaign is scheduled" fairline campaign schedule news --yes
start_daemon

unsent() {
    fairline status -o json | jq -r '.[0].waiting'
}
planned() {
    fairline queue show -o json | jq -r '[.[].messages] | add // 0'
}
until_is 30 "every customer of the audience has a message" 201 planned
until_is 90 "all of them are sent or settled" 0 unsent
is "who gave no consent got nothing" "$(messages suppressed)" 1

arrived() {
    find "$mail" -type f -path '*/cust.test/*' -path '*/new/*' | wc -l
}
until_is 60 "198 mailboxes hold one mail each" 198 arrived
bounces() {
    fairline feedback list -o json | jq -r '[.[] | select(.kind == "bounce")] | length'
}
until_is 60 "two real bounces come back and are matched" 2 bounces
is "both by the token" "$(fairline feedback list -o json | jq -r '[.[] | select(.kind == "bounce") | .matched_by] | unique | join(",")')" token
until_is 20 "their messages are settled" 2 messages bounced
status_of() {
    fairline customer show "$1" -o json | jq -r '.[0].addresses[0].status'
}
is "an unknown user is suppressed" "$(status_of c199)" suppressed
is "a full mailbox is not" "$(status_of c200)" ok

# --- a customer answers -------------------------------------------------------------
received=$(grep -rl 'To:.*u7@cust.test' "$mail" --include='*' 2>/dev/null | grep '/new/' | head -1)
header() { sed -n "/^\$/q; s/^$1: *//p" "$received" | tr -d '\r' | head -1; }
reply_to=$(header Reply-To | sed 's/.*<\(.*\)>.*/\1/')
message_id=$(header Message-ID)
cat >"$work/answer" <<END
정말 고맙습니다! 다음 주에는 우유를 두 병 더 부탁드려요.

김민지 드림

2026년 11월 22일 (일) 오전 10:00, Hill Farm Dairy <desk@shop.test>님이 작성:

> 고객 7 님 안녕하세요
>
> 소들이 다시 봄 풀밭에 나왔습니다.
END
ok "the customer's mail program sends a reply" swaks --silent 2 --server "127.0.0.1:$SMTP_PORT" \
    --from u7@cust.test --to "$reply_to" --h-From '"김민지" <u7@cust.test>' \
    --h-Subject "Re: 목장 소식입니다" --h-In-Reply-To "$message_id" --h-References "$message_id" \
    --add-header "MIME-Version: 1.0" --add-header "Content-Type: text/plain; charset=UTF-8" \
    --add-header "Content-Transfer-Encoding: 8bit" --body "@$work/answer"
reply_customer() {
    fairline feedback list -o json | jq -r '[.[] | select(.kind == "reply")] | .[0].customer // ""'
}
until_is 60 "the reply is stored with its customer" c7 reply_customer
reply_id=$(fairline feedback list -o json | jq -r '[.[] | select(.kind == "reply")] | .[0].id')
text=$(fairline feedback show "$reply_id" -o json | jq -r '.[0].text')
case $text in
"정말 고맙습니다! 다음 주에는 우유를 두 병 더 부탁드려요."*) got=yes ;;
*) got=$text ;;
esac
is "the customer's own words are cut out" "$got" yes
case $text in
*"봄 풀밭"*) got=quoted ;;
*) got=clean ;;
esac
is "without what they quote" "$got" clean
ok "the raw mail is kept" sh -c "'$build/fairline' -c '$work/fairline.conf' feedback raw $reply_id | grep -q u7@cust.test"

# --- opting out by a plain answer ------------------------------------------------------
received=$(grep -rl 'To:.*u8@cust.test' "$mail" 2>/dev/null | grep '/new/' | head -1)
ok "another customer asks to be left alone" swaks --silent 2 --server "127.0.0.1:$SMTP_PORT" \
    --from u8@cust.test --to "$(header Reply-To | sed 's/.*<\(.*\)>.*/\1/')" \
    --h-Subject "Re: news" --h-In-Reply-To "$(header Message-ID)" --body "unsubscribe"
consent_of() {
    fairline consent history "$1" -o json | jq -r '[.[] | select(.purpose == "marketing" and .medium == "email")] | last | .state'
}
until_is 60 "and is, from then on" withdrawn consent_of c8

# --- nothing twice ------------------------------------------------------------------
fairline campaign schedule news --yes >/dev/null 2>&1
ok "planning again" fairline run plan --once
stop_daemon
is "a shutdown is clean" "$code" 0
start_daemon
until_is 30 "after a restart nothing waits" 0 unsent
is "and nothing was sent twice" "$(arrived)" 198
ok "why a message was sent" fairline why c7 news
ok "why one was not" fairline why c201 news
ok "the store is whole" fairline store check
stop_daemon
done_testing
