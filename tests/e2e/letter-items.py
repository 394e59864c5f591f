"""letter-items.py N LAYOUT [SURVEY] - N letters as `fairline-host --inproc ... deliver` takes them."""
import base64
import hashlib
import json
import sys

ADDRESSES = {
    "kr": ("ko", "김민수", "서울특별시 중구 세종대로 110\n한결아파트 101동 1203호\n04524\nKR"),
    "us": ("en", "Harriet Stone", "Apt 4B\n742 Long Meadow Lane\nSpringfield IL\n62704\nUS"),
    "de": ("de", "Anna Müller", "Hinterhaus\nLindenstraße 12\nBerlin\n10969\nDE"),
}
BODY = {
    "ko": "안녕하세요, **고객님**.\n\n한 해 동안 이용해 주셔서 *감사합니다*. 자세한 내용은 "
          "[누리집](https://shop.test/autumn)에 있습니다.\n\n- 전 상품 할인\n- 무료 배송\n",
    "en": "Dear customer,\n\nthank you for **three years** with us.\n\n- free delivery\n",
    "de": "Guten Tag,\n\nvielen Dank für **drei Jahre** Treue. Grüße!\n",
}
SURVEY = json.dumps([{"key": "csat", "type": "scale", "min": 1, "max": 5, "text": "만족하십니까?",
                      "options": []}])


def token(text):
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()[:40]


n, layout = int(sys.argv[1]), sys.argv[2]
language, name, address = ADDRESSES[layout]
items = []
for i in range(n):
    items.append({
        "message_id": 1000 + i, "to_address": address, "to_name": name, "language": language,
        "subject": "", "campaign": "autumn", "token_card": token("card %d" % i),
        "page_url": "https://shop.test/m/" + token("page %d" % i),
        "survey": SURVEY if len(sys.argv) > 3 else "",
        "parts": [{"type": "text/markdown", "text": BODY[language]}],
    })
json.dump(items, sys.stdout, ensure_ascii=False)
