#!/bin/sh
# Content once, five channels: what each customer would get, by the plugins themselves.
. "${FL_TOP_SRCDIR:?}/tests/e2e/lib.sh"
# A confined host cannot read tests/lsan.supp, and fontconfig keeps what it has until its process
# ends; the conformance run looks for leaks of the same previews.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"

mkdir -p "$work/data" "$work/sent" "$work/c/spring"
cat >"$work/fairline.conf" <<CONF
data_dir = "$work/data"
organisation {
    name = "Dawnfield Dairy"
    postal_address = "12 Saebyeok-gil, Gaon"
    contact = "care@dawnfield.example"
    country = KR
    web_base = "https://dawnfield.example"
}
channel "mail" {
    plugin = email
    options {
        transport = maildir
        maildir = "$work/sent"
        from_address = "letters@dawnfield.example"
        domain = dawnfield.example
    }
}
channel "sms" {
    plugin = sms
    options {
        api = kannel
        url = "http://127.0.0.1:1/cgi-bin/sendsms"
        username = gw
        password_file = "$work/password"
        senders = "0215771577"
        sender = "0215771577"
    }
}
channel "post" {
    plugin = letter
    options {
        directory = "$work/sent"
        sender_name = "Dawnfield Dairy"
        sender_address = "12 Saebyeok-gil | Gaon | 12345"
    }
}
channel "site" {
    plugin = web
}
channel "fax" {
    plugin = fax
    options {
        server = "127.0.0.1:1"
        name = "Dawnfield Dairy"
        number = "+82215770000"
        user = gw
        password_file = "$work/password"
    }
}
channel "dry" {
    plugin = null
}
CONF
echo secret >"$work/password"
chmod 600 "$work/password"
cat >"$work/c/spring/content.md" <<'MD'
---
subject: Open farm for {{name}}
---
Dear {{name}},

the **calves** are here. [See them]({{page_url}}).
MD
cat >"$work/c/spring/content.ko.md" <<'MD'
---
subject: 목장으로 오세요
---
{{name}}님, **송아지**가 태어났어요.
MD
cat >"$work/c/spring/survey.md" <<'MD'
## satisfaction: csat
How satisfied are you?
MD
cat >"$work/c/spring/survey.ko.md" <<'MD'
## satisfaction: csat
얼마나 만족하세요?
MD
cat >"$work/people.csv" <<'CSV'
external_id,name,language,email,phone,street,city,postcode
C1,Kim Mi-rae,en,kim@cust.test,010-2345-6789,1 Hanbit-ro,Gaon,06236
CSV
ok "people are imported" fairline import customers "$work/people.csv"

preview() {
    fairline content preview "$work/c/spring" --customer C1 "$@"
}
has() { # NAME TEXT ARGUMENT...
    what=$1
    text=$2
    shift 2
    preview "$@" >"$work/shown" 2>"$work/words"
    ok "$what" grep -qF -- "$text" "$work/shown"
}

has "a mail as it leaves: head" "To: Kim Mi-rae <kim@cust.test>" --channel mail
has "a mail as it leaves: identity" "Message-ID: <" --channel mail
has "a text message, with what it takes" "1 part" --channel sms
has "its link is short" "https://dawnfield.example/l/" --channel sms
has "words of Korean go as UCS-2" "UCS-2" --channel sms --language ko
has "a page" "<strong>calves</strong>" --channel site
has "a plugin without preview: the words" "the calves are here" --channel dry
has "a medium without channel" "<strong>calves</strong>" --medium web --part html

ok "a letter is a PDF" preview --channel post --write "$work/letter.pdf"
pdftotext "$work/letter.pdf" "$work/letter.txt"
ok "with the address" grep -q "1 Hanbit-ro" "$work/letter.txt"
ok "and the words" grep -q "calves" "$work/letter.txt"
letter() { # a longer one
    fairline content preview "$top/etc/samples/dairy/campaigns/spring-letter" --customer C1 "$@"
}
ok "its pages are pictures" letter --channel post --png --write "$work/pages"
is "two of them: letter and card" "$(ls "$work/pages" | tr '\n' ' ')" "letter-1.png letter-2.png "
is "they are PNG" "$(head -c 8 "$work/pages/letter-1.png" | tail -c 7 | head -c 3)" "PNG"
ok "a fax is a TIFF" preview --channel fax --write "$work/fax.tif"
ok "of 1728 dots a line" sh -c "tiffinfo '$work/fax.tif' | grep -q 'Image Width: 1728'"
ok "its code is read" sh -c "tiff2pdf -o '$work/fax.pdf' '$work/fax.tif' && pdftoppm -r 200 -png '$work/fax.pdf' '$work/faxpage' && zbarimg --nodbus -q --raw '$work'/faxpage*.png | grep -Eq '^[a-z2-7]{40}'"

preview --channel nowhere >"$work/shown" 2>"$work/words" && code=0 || code=$?
is "a channel that is not there" "$code $(grep -c 'no channel "nowhere"' "$work/words")" "1 1"
letter --channel post --png >"$work/shown" 2>"$work/words" && code=0 || code=$?
ok "many pages want a folder" grep -q -- "--write FOLDER" "$work/words"
PATH=/nonexistent "$build/fairline" -c "$work/fairline.conf" content preview "$work/c/spring" \
    --medium email --png --write "$work/mail.png" >"$work/shown" 2>"$work/words" && code=0 || code=$?
is "no browser: temporary, and which package" "$code $(grep -c chromium "$work/words")" "69 1"
if command -v chromium >/dev/null; then
    ok "a mail as a picture" preview --channel mail --png --write "$work/mail.png"
    ok "a text message as a picture" preview --channel sms --png --write "$work/sms.png"
    is "both are PNG" "$(head -c 4 "$work/mail.png" | tail -c 3)$(head -c 4 "$work/sms.png" | tail -c 3)" PNGPNG
else
    echo "# no chromium: pictures of mails not looked at"
fi
is "nothing was sent" "$(find "$work/sent" -type f | wc -l)" 0
done_testing
