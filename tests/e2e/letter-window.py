"""letter-window.py LAYOUT BBOX.html WORD... - are these words of page 1 within the window?  The
numbers are those of the envelopes, not of the program: x, y, width, height in millimetres."""
import re
import sys

WINDOWS = {
    "kr": (20, 42, 90, 45),
    "de": (20, 45, 90, 45),  # DIN 5008 form B
    # What shows of a sheet in thirds wherever it lies in a no. 10 envelope.
    "us": (0.875 * 25.4, 2.5 * 25.4, 3.5 * 25.4, 0.667 * 25.4),
}
MM = 72 / 25.4
x, y, width, height = (v * MM for v in WINDOWS[sys.argv[1]])
page = open(sys.argv[2], encoding="utf-8").read().split("</page>")[0]
found = {}
for box in re.findall(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">'
                      r"(.*?)</word>", page):
    left, top, right, bottom = map(float, box[:4])
    found.setdefault(box[4], (left, top, right, bottom))
bad = 0
for word in sys.argv[3:]:
    if word not in found:
        print("%s is not on the page" % word)
        bad = 1
        continue
    left, top, right, bottom = found[word]
    # The box of a word has the height of the font; ink keeps within it by a point.
    if left < x or right > x + width or top < y - 1 or bottom > y + height + 1:
        print("%s at %.1f %.1f %.1f %.1f mm is outside" % (word, left / MM, top / MM, right / MM,
                                                          bottom / MM))
        bad = 1
sys.exit(bad)
