"""Writes the golden data of data-prep's quality filters: documents with the decisions that datatrove takes on them.

    python3 -m venv /tmp/datatrove && /tmp/datatrove/bin/pip install -r interop/requirements-datatrove.txt
    /tmp/datatrove/bin/python interop/filter_golden.py corpus/spdx-licences FILE.jsonl.gz

datatrove gets the words of filter_words.py, so that both sides judge the same words; everything else is datatrove's own.
The documents are the SPDX licence texts (their beginnings), numpy's docstrings, and made-up texts that lie around each
threshold or hold what texts seldom hold. All are drawn with a fixed seed: the same pins give the same bytes.

One JSON object a line: text; words (how many, and the start of the SHA-256 of them joined by line feeds); for each filter
the reason for which it drops the document, null where it keeps it; c4_text, the start of the SHA-256 of what the C4
filter leaves of a document; chain, filter and reason where the four filters run one after the other as FineWeb runs them.
"""

# ruff: noqa: RUF001 (characters that look like others are wanted here)
import argparse
import gzip
import hashlib
import inspect
import json
import random
from pathlib import Path

import numpy
from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from filter_words import PlainWords

SEED = 17
LICENCE_CHARACTERS = 3000
DOCSTRINGS = 300
VARIANTS = 60
WORDS = PlainWords()
FILTERS = {
    "gopher_repetition": GopherRepetitionFilter(language=WORDS),
    "gopher_quality": GopherQualityFilter(language=WORDS),
    "c4": C4QualityFilter(language=WORDS),
    "c4_any_line_end": C4QualityFilter(filter_no_terminal_punct=False, language=WORDS),
    "fineweb": FineWebQualityFilter(language=WORDS),
}
CHAIN = ["gopher_repetition", "gopher_quality", "c4_any_line_end", "fineweb"]
STOP_WORDS = ["the", "be", "to", "of", "and", "that", "have", "with"]
ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyz",
    "абвгдежзиклмнопрстуфхцчшщъыьэюя",
    "αβγδεζηθικλμνξοπρστυφχψω",
    "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "अआइईउऊएऐओऔकखगघचछजझटठडढतथदधनपफबभमयरलवशषसह",
    "日本語中文字漢和東京大学生活時間人物言葉",
    "가나다라마바사아자차카타파하",
    "𐌰𐌱𐌲𐌳𐌴𐌵𐌶𐌷𐌸𐌹",
    "𝒜𝒞𝒟𝒢𝒥𝒦",
    "𠀀𠀁𠀂𠀃𠀄",
    "e\u0301a\u0308o\u0302n\u0303",
    "😀😁😂🤣😃👍🏽",
]
MARKS = ["।", "؟", "。", "！", "!", "?", ".", ":", ";", "", '"', "…", "...", "\u1803", "𑁇", "¶", "”", "’"]
BREAKS = ["\n", "\r\n", "\r", "\n\n", "\n\n\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]
SPACES = [" ", "  ", "\t", "\xa0", "\u2003", "\u3000", "\x1f", " \u200b", "\u00ad "]
EDGES = [
    "", " ", "\n", "\n\n\n", "\r\n\r\n", "a", "-", "•", "...", "…", "#", "# #", ".", "\x00", "\ufeff", "\u200b", "a\n",
    "\na", "a\n\n", " a ", "a\x1cb", "a b", "a  b", "- a\n- b\n• c", "{", "lorem ipsum", "Lorem Ipsum dolor sit.",
    "x" * 5000, "x " * 2500, "ab " * 600, "1 11 111 " * 40, "-" * 400, "- " * 400, "the and " * 50, "é" * 300,
    "word.\n" * 60, "\u0301" * 100, "😀" * 120, "😀 " * 120, "İstanbul JAVASCRİPT is not a script. " * 5,
]  # fmt: skip


class Texts:
    """Made-up texts; every method takes a strength from 0 to 1 that moves its texts across a threshold."""

    def __init__(self, random, sentences):
        self.random = random
        self.sentences = sentences

    def some(self, count):
        return [self.random.choice(self.sentences) for _ in range(count)]

    def happens(self, share):
        return self.random.random() < share

    def repeated_paragraphs(self, strength):
        paragraphs = self.some(self.random.randint(3, 16))
        return "\n\n".join(self.random.choice(paragraphs[:2]) if self.happens(strength) else p for p in paragraphs)

    def repeated_lines(self, strength):
        lines = self.some(self.random.randint(5, 40))
        return "\n".join(self.random.choice(lines[:3]) if self.happens(strength) else line for line in lines)

    def long_one_repeated(self, strength):
        """One long line or paragraph in two: its share of the characters is larger than that of the lines."""
        short = self.some(12)
        long = " ".join(self.some(1 + int(6 * strength)))
        return self.random.choice(["\n", "\n\n"]).join([*short, long, long])

    def short_lines_repeated(self, strength):
        lines = self.some(self.random.randint(4, 12))
        return "\n".join(lines + ["Back to top"] * int(strength * 20))

    def repeated_ngrams(self, strength):
        size = self.random.randint(2, 12)
        phrase = self.random.choice(self.sentences).split()[:size]
        words = []
        for sentence in self.some(self.random.randint(4, 20)):
            words += sentence.split()
            if self.happens(strength):
                words += phrase
        return " ".join(words)

    def repeated_phrase(self, strength):
        """A phrase of n words covers 9 to 16 % of the text: of the duplicated n-grams, those of its length tell best."""
        size = self.random.choice([5, 6, 7, 8, 8, 8, 9, 9, 10])
        words = " ".join(self.some(30)).split()
        phrase = " ".join(words[:size])
        for _ in range(round((0.09 + 0.07 * strength) * len(" ".join(words)) / len(phrase))):
            words.insert(self.random.randrange(size, len(words)), phrase)
        return " ".join(words)

    def top_pairs(self, strength):
        pair = self.random.choice(["terms and", "of the work", "in the licensed work"])
        words = " ".join(self.some(12)).split()
        return " ".join(f"{word} {pair}" if self.happens(0.3 * strength) else word for word in words)

    def numbers(self, strength):
        words = []
        for sentence in self.some(8):
            for word in sentence.split():
                words.append("1" * self.random.randint(1, 3) if self.happens(strength) else word)
        return self.broken(words)

    def few_letters(self, strength):
        words = " ".join(self.some(8)).split()
        return self.broken(
            self.random.choice(["12", "%", "3.5", "=>", "4"]) if self.happens(0.5 * strength) else w for w in words
        )

    def word_count(self, strength):
        return " ".join(" ".join(self.some(12)).split()[: 30 + int(40 * strength)])

    def word_lengths(self, strength):
        letters = "abcdefghijklmnopqrstuvwxyz"
        length = self.random.choice([2.2 + 1.6 * strength, 9 + 2 * strength])
        words = [
            "".join(self.random.choice(letters) for _ in range(max(1, round(self.random.gauss(length, 1)))))
            for _ in range(200)
        ]
        return " ".join(words + STOP_WORDS)

    def signs(self, strength):
        sign = self.random.choice(["#", " # ", "##", "...", "…", " ... "])
        words = " ".join(self.some(6)).split()
        return " ".join(word + sign if self.happens(0.2 * strength) else word for word in words)

    def bullets(self, strength):
        bullet = self.random.choice(["- ", "• ", "  - ", "\t•", "-", "* "])
        return "\n".join(bullet + s if self.happens(0.8 + 0.2 * strength) else s for s in self.some(30))

    def line_ends(self, strength):
        mark = self.random.choice(["...", "…", " ...", "... "])
        lines = [s.rstrip(".") for s in self.some(25)]
        return "\n".join(line + (mark if self.happens(0.6 * strength) else "") for line in lines)

    def stop_words(self, strength):
        words = [w for w in " ".join(self.some(10)).split() if w not in STOP_WORDS]
        for word in self.random.sample(STOP_WORDS, int(4 * strength)):
            words.insert(self.random.randrange(len(words)), word)
        return " ".join(words)

    def page(self, strength):
        extras = [
            "Please enable JavaScript to see this page.", "We use cookies to make this page better.", "Lorem ipsum dolor sit amet is filler.",
            "if (x) { return the value; } is a line of code.", "javascript: function() { return true; } it says.",
            "Read our Privacy Policy and the Terms of Use first.", "As shown before [12] and after [edit], it holds [citation needed].",
            "[1] [2] [3]", "It ends with a citation. [४२]", "Two words.", "Three short words.", "This one goes on and on...",
            f"A {'w' * 1000} of a thousand letters.", f"A {'w' * 1001} of more letters.", "Lorem Ipsum without an end",
            "A bracket { without an end", "coo\u212aies: the site uses coo\u212aies.", 'He said "this is the end"', "It's said 'so'",
        ]  # fmt: skip
        lines = self.some(self.random.randint(2, 8))
        for _ in range(self.random.randint(0, 3)):
            lines.insert(self.random.randrange(len(lines) + 1), self.random.choice(extras))
        return self.random.choice(["\n", "\n\n", "\r\n", "\n \n"]).join(
            line if self.happens(strength) or line in extras else line.rstrip(".") for line in lines
        )

    def sentence_count(self, strength):
        ends = [". ", "? ", "! ", '." ', ".) ", ".", "; ", ".\u201d "]
        text = "".join(s.rstrip(".") + self.random.choice(ends) for s in self.some(3 + int(4 * strength)))
        return text.strip() + "."

    def menu(self, strength):
        words = " ".join(self.some(6)).split()
        lines = [" ".join(self.random.choice(words) for _ in range(self.random.randint(1, 5))) for _ in range(20)]
        return "\n".join(lines[: 1 + int(20 * strength)] + [s for s in self.some(8) if len(s) > 31])

    def punctuated(self, strength):
        return "\n".join(
            s.rstrip(".") + (self.random.choice(MARKS) if self.happens(0.3 * strength) else "") for s in self.some(25)
        )

    def slightly_repeated(self, strength):
        lines = list(dict.fromkeys(self.some(40)))
        return "\n".join(lines + ["Share this with a friend." + "!" * int(30 * strength)] * 2)

    def thirty_letters(self, strength):
        lines = [" ".join(s.split())[: self.random.choice([29, 30, 31])] for s in self.some(12)]
        return "\n".join(lines[: 4 + int(8 * strength)] + self.some(4))

    def broken_lines(self, strength):
        return self.broken(" ".join(self.some(10)).split(), 1 + int(8 * (1 - strength)))

    def blank_lines(self, strength):
        """Complete sentences of a few words, far apart."""
        sentences = [s for s in dict.fromkeys(self.some(120)) if 30 < len(s) < 60]
        return ("\n" * (1 + int(6 * strength))).join(sentences)

    def foreign(self, strength):
        alphabet = self.random.choice(ALPHABETS)
        words = []
        for _ in range(self.random.randint(20, 200)):
            word = "".join(self.random.choice(alphabet) for _ in range(self.random.randint(1, 9)))
            words.append(word + (self.random.choice(MARKS) if self.happens(0.3) else ""))
            words.append(self.random.choice(BREAKS if self.happens(0.1) else SPACES if self.happens(0.2) else [" "]))
        stop = STOP_WORDS[:2] if self.happens(strength) else []
        return "".join(words) + " ".join(stop)

    def strange(self, strength):
        pieces = []
        for sentence in self.some(self.random.randint(2, 14)):
            for word in sentence.split():
                pieces.append(word)
                pieces.append(self.random.choice(SPACES) if self.happens(0.3) else " ")
            pieces.append(self.random.choice(MARKS))
            pieces.append(self.random.choice(BREAKS))
        if self.happens(strength):
            pieces += [chr(self.random.choice([0, 7, 0x7F, 0x200D, 0xFEFF, 0xFFFD, 0xE000])) for _ in range(5)]
        return "".join(pieces)

    def broken(self, words, most=12):
        """Words in lines of one to most words."""
        lines, line = [], []
        for word in words:
            line.append(word)
            if len(line) >= self.random.randint(1, most):
                lines.append(" ".join(line))
                line = []
        return "\n".join(lines + [" ".join(line)])


def documents(licences):
    draw = random.Random(SEED)
    texts = [
        json.loads(path.read_text()).get("licenseText") or json.loads(path.read_text())["licenseExceptionText"]
        for path in sorted(licences.glob("*.json"))
    ]
    yield from EDGES
    yield from (text[:LICENCE_CHARACTERS] for text in texts)
    yield from docstrings()
    for count in (100_000, 100_001):
        yield " ".join(draw.choice(["ab", "the", "of", "word"]) for _ in range(count))
    sentences = [
        " ".join(line.split()) + "."
        for text in texts
        for line in text.replace("\n\n", ". ").split(". ")
        if 20 < len(line) < 300
    ]
    made = Texts(draw, draw.sample(sentences, 2000))
    recipes = [name for name, value in vars(Texts).items() if inspect.isfunction(value) and not name.startswith("_")]
    for name in recipes:
        if name not in ("some", "happens", "broken"):
            yield from (getattr(made, name)(variant / (VARIANTS - 1)) for variant in range(VARIANTS))


def docstrings():
    found = {}
    for module in (numpy, numpy.linalg, numpy.ma, numpy.fft, numpy.random, numpy.polynomial):
        for name in sorted(dir(module)):
            text = inspect.getdoc(getattr(module, name)) or ""
            if len(text) > 200:
                found.setdefault(text[:LICENCE_CHARACTERS])
    return random.Random(SEED).sample(list(found), DOCSTRINGS)


def decision(name, text):
    """The reason to drop a text, or None, and the text that is left."""
    document = Document(text=text, id="")
    result = FILTERS[name].filter(document)
    return (None if result is True else result[1]), document.text


def chain(text):
    for name in CHAIN:
        reason, text = decision(name, text)
        if reason is not None:
            return f"{name}/{reason}"
    return None


def start_of_hash(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def golden(text):
    words = WORDS.word_tokenize(text)
    line = {"text": text, "words": len(words), "words_hash": start_of_hash("\n".join(words))}
    for name in FILTERS:
        line[name], left = decision(name, text)
        if name.startswith("c4"):
            line[name + "_text"] = start_of_hash(left) if line[name] is None else None
    return line | {"chain": chain(text)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("licences", type=Path, help="directory of the SPDX licence list's JSON files")
    parser.add_argument("output", type=Path, help="gzipped JSON lines")
    arguments = parser.parse_args()
    texts = list(dict.fromkeys(documents(arguments.licences)))
    lines = "".join(json.dumps(golden(text), ensure_ascii=False) + "\n" for text in texts)
    arguments.output.write_bytes(gzip.compress(lines.encode(), mtime=0))
    print(f"{len(texts)} documents, {arguments.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
