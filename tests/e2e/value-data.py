"""A small firm's customers and what they did until 2026-09-30, the same every time.

usage: value-data.py FOLDER: writes people.csv, sales.csv, contracts.csv, referrals.csv, facts.jsonl
"""

import datetime
import json
import random
import sys

CUSTOMERS, STRANGERS, DAYS = 700, 10, 730
FIRST = datetime.date(2024, 10, 1)
draw = random.Random(20021122)
folder = sys.argv[1]
sales = []
facts = []


def day(n):
    return (FIRST + datetime.timedelta(days=int(n))).isoformat()


def money(minor):
    return f"{int(minor) // 100}.{int(minor) % 100:02d}"


def write(name, head, rows):
    with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
        for row in [head, *rows]:
            file.write(",".join(str(cell) for cell in row) + "\n")


def sale(customer, at, kind="purchase", paid=0, discount=0, points=0, shipping=0, gift=0, fee=0):
    sales.append([f"T-{len(sales) + 1}", customer, day(at), kind, money(paid), money(paid * 0.4),
                  money(discount), points, money(shipping), money(gift), money(fee)])


def answer(customer, question, low, high, value):
    facts.append({"type": "answer", "id": f"A-{len(facts)}", "customer": customer,
                  "question": question, "value": min(max(int(value), low), high), "low": low,
                  "high": high, "at": day(500 + draw.random() * 220)})


def shop(customer, kind):
    rate = draw.gammavariate(1, 1 / 30)
    mean = (9000 if kind == "wholesale" else 2500) * 3 / draw.gammavariate(4, 1)
    first = at = draw.random() * 400
    end = first + draw.expovariate(1 / 300)  # gone without a word
    while at == first or (at < end and at < DAYS):
        paid = mean * draw.gammavariate(4, 1 / 4)
        sale(customer, at, paid=paid, discount=paid / 9 if draw.random() < 0.2 else 0,
             points=int(paid / 100), shipping=350 if draw.random() < 0.5 else 0)
        at += draw.expovariate(rate)


people, contracts, referrals = [], [], []
for i in range(1, CUSTOMERS + 1):
    customer, kind = f"C-{i}", "household" if i % 3 else "wholesale"
    people.append([customer, f"Customer {i}", kind])
    if i > CUSTOMERS - STRANGERS:  # never bought anything
        continue
    shop(customer, kind)
    if i % 5 == 0:
        start = int(draw.random() * 600)
        end = start + 30 * int(draw.expovariate(1 / 10) + 1)
        contracts.append([f"S-{i}", customer, day(start), day(end) if end < DAYS else "", "30d",
                          "19.90", "7.00"])
    mood = draw.random()
    if i % 4 == 0:
        answer(customer, "satisfaction", 1, 5, 1 + 5 * mood)
        answer(customer, "convenience", 1, 5, 2 + 4 * mood)
        answer(customer, "brand", 1, 7, 1 + 7 * draw.random())
    if i % 8 == 0:
        answer(customer, "recommend", 0, 10, 11 * mood)
    if i % 31 == 0:
        facts.append({"type": "complaint", "id": f"K-{i}", "customer": customer,
                      "opened": f"{day(640)}T09:00:00Z"})
        if i % 62 == 0:
            facts.append(facts[-1] | {"settled": f"{day(641)}T08:30:00Z"})
    if i % 9 == 0 and i > 20:
        referrals.append([f"C-{1 + int(7 * draw.random() ** 2)}", customer, day(500 + i % 100)])

# Everything else that has a value or a cost, of one customer.
sale("C-40", 700, "points", points=250)
sale("C-40", 699, paid=4200, discount=300, points=42, shipping=350)
sale("C-40", 701, "gift", gift=1500)
sale("C-40", 702, "refund", paid=501)
sale("C-40", 703, "fee", fee=275)
facts.append({"type": "complaint", "id": "K-40", "customer": "C-40",
              "opened": f"{day(710)}T10:00:00Z", "settled": f"{day(711)}T16:30:00Z"})

write("people.csv", ["external_id", "name", "attribute.class"], people)
write("sales.csv", ["id", "customer", "date", "kind", "amount", "margin", "discount", "points",
                    "shipping", "gift", "fee"], sales)
write("contracts.csv", ["id", "customer", "start", "end", "period", "price", "margin"], contracts)
write("referrals.csv", ["referrer", "referred", "date"], referrals)
with open(f"{folder}/facts.jsonl", "w", encoding="utf-8") as file:
    for fact in facts:
        file.write(json.dumps(fact) + "\n")
