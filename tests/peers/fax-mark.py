#!/usr/bin/env python3
"""Marks boxes on a received fax as a customer does, with nothing but the picture to go by.

    fax-mark.py IN.tif OUT.tif PAGE TURN ROW:COLUMN...

Takes one page (from 1 on), finds the empty squares on it, crosses those given by row and column
(from 1 on), turns the page by TURN degrees, and writes it as a fax machine would send it.
"""
import sys

from PIL import Image, ImageDraw

SIDE = range(36, 52)  # dots of a box at 204 x 196 an inch


def run(row, x):
    n = 0
    while x + n < len(row) and row[x + n] == 0:
        n += 1
    return n


def boxes(picture):
    width, height = picture.size
    data = picture.tobytes()
    rows = [data[y * width:(y + 1) * width] for y in range(height)]
    found = []
    for y in range(1, height - SIDE.stop):
        x = 1
        while x < width - 1:
            if rows[y][x] or not rows[y][x - 1]:
                x += 1
                continue
            n = run(rows[y], x)
            if n in SIDE and not any(abs(x - a) < 9 and abs(y - b) < 9 for a, b, _ in found):
                tall = next((h for h in SIDE if run(rows[y + h], x) >= n - 2), 0)
                inside = all(rows[y + i][x + n // 2] for i in range(8, 30))
                left = all(not rows[y + i][x + 1] for i in range(tall))
                right = all(not rows[y + i][x + n - 2] for i in range(tall))
                if tall and inside and left and right:
                    found.append((x, y, n))
            x += max(n, 1)
    lines = []
    for box in sorted(found, key=lambda b: b[1]):
        if lines and abs(lines[-1][0][1] - box[1]) < 12:
            lines[-1].append(box)
        else:
            lines.append([box])
    return [sorted(line) for line in lines]


def main():
    source = Image.open(sys.argv[1])
    source.seek(int(sys.argv[3]) - 1)
    picture = source.convert("L").point(lambda v: 255 if v > 127 else 0)
    lines = boxes(picture)
    print("boxes:", [len(line) for line in lines])
    pen = ImageDraw.Draw(picture)
    for place in sys.argv[5:]:
        row, column = (int(v) for v in place.split(":"))
        x, y, n = lines[row - 1][column - 1]
        pen.line((x + 6, y + 7, x + n - 7, y + n - 8), fill=0, width=4)
        pen.line((x + n - 5, y + 5, x + 8, y + n - 6), fill=0, width=4)
    turn = int(sys.argv[4])
    if turn:
        picture = picture.rotate(-turn)
    picture.convert("1").save(sys.argv[2], compression="group4", dpi=(204, 196))


main()
