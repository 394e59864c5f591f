# What the two end-to-end tests of fax share; sourced after lib.sh.  Wants $server, a port of hfaxd.
python=
for each in python3 /usr/bin/python3; do
    "$each" -c 'import PIL' 2>/dev/null && python=$each && break
done
[ -n "$python" ] || skip_all "Python's PIL is missing"
for tool in jq tiffset tiffinfo zbarimg; do
    command -v $tool >/dev/null || skip_all "$tool is not installed"
done

# configure PORT: a gateway with a fax channel at the server on PORT
configure() {
    echo secret >"$work/password"
    echo admin >"$work/admin"
    chmod 600 "$work/password" "$work/admin"
    cat >"$work/fairline.conf" <<CONF
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
channel "fax" {
    plugin = "fax"
    workers = 1
    collect_interval = "1s"
    options {
        server = "127.0.0.1:$1"
        password_file = "$work/password"
        admin_password_file = "$work/admin"
        name = "Hill Farm Dairy"
        number = "+82215770000"
        opt_out_number = "+82805770000"
        cost_per_page = 38000000
        currency = "KRW"
        retry = "2s"
        poll = "1s"
    }
}
CONF
}

# contents: a content with a survey, a campaign of it
contents() {
    mkdir -p "$work/milk"
    cat >"$work/milk/content.md" <<'CONF'
---
subject: "Milk from spring grass"
---

# Hello {{name}}

The cows are on the **spring grass** again.

- milk
- cheese
CONF
    cat >"$work/milk/survey.md" <<'CONF'
## satisfaction: csat
How satisfied are you with us?
- 1 Not at all
- 5 Very

## like: choices
What do you like?
- milk Milk
- cheese Cheese
- butter Butter

## words: text
What else should we know?
CONF
    cat >"$work/milk.conf" <<'CONF'
campaign "milk" {
    purpose = "marketing"
    channel = "fax"
    content = "milk"
    schedule { at = "now" }
}
CONF
}

feedback_of() { # CUSTOMER: id of the newest
    fairline feedback list -o json | jq -r --arg c "$1" '[.[] | select(.customer == $c)] | .[0].id // ""'
}
has_feedback() { [ -n "$(feedback_of "$1")" ] && echo yes; }
# answer ID KEY: a number
answer() {
    fairline feedback show "$1" -o json |
        jq -r --arg k "$2" '.[0].answers[] | select(.question == $k) | .number'
}
