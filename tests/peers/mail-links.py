"""mail-links.py MAIL - the addresses a mail leads to, as NAME=URL lines: page, survey, preferences,
unsubscribe (also the header's), click, open."""
import email
import email.policy
import html
import re
import sys

NAMES = {"m": "page", "s": "survey", "p": "preferences", "u": "unsubscribe", "c": "click",
         "o": "open", "l": "short"}

with open(sys.argv[1], "rb") as f:
    mail = email.message_from_binary_file(f, policy=email.policy.default)
found = {}
for part in mail.walk():
    if part.get_content_type() == "text/html":
        for url in re.findall(r'(?:href|src)="(http[^"]+)"', part.get_content()):
            url = html.unescape(url)
            name = NAMES.get(url.split("/")[3] if url.count("/") > 3 else "")
            if name:
                found.setdefault(name, url)
header = re.search(r"<(http[^>]+)>", str(mail.get("List-Unsubscribe", "")))
if header:
    found["one_click"] = header.group(1)
for name, url in sorted(found.items()):
    print(f"{name}='{url}'")
