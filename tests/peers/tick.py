"""tick.py PAGE.png DPI BBOX.html PAGE WORD OUT - crosses the box left of WORD, as a pen would: the
last place on that page where it stands."""
import re
import sys

from PIL import Image, ImageDraw

picture, dpi, html, page, word, out = sys.argv[1:]
scale = float(dpi) / 72
pages = open(html, encoding="utf-8").read().split("</page>")
places = re.findall(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="[\d.]+" yMax="([\d.]+)">%s</word>'
                    % re.escape(word), pages[int(page) - 1])
if not places:
    sys.exit("tick: %s is not on page %s" % (word, page))
left, top, bottom = (float(v) for v in places[-1])
x, y, r = (left - 10) * scale, (top + bottom) / 2 * scale, 6 * scale
image = Image.open(picture).convert("L")
pen = ImageDraw.Draw(image)
pen.line((x - r, y - r, x + r, y + r), fill=20, width=int(2 * scale))
pen.line((x - r, y + r, x + r, y - r), fill=20, width=int(2 * scale))
image.save(out, dpi=(float(dpi), float(dpi)))
