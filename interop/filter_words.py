"""The word and sentence rules of data-prep's filters, as a tokenizer that datatrove takes in place of its own.

io.sparklora.dataprep.filter.Words states the rule for words, C4Quality that for sentences.
"""

import regex
from datatrove.utils.word_tokenizers import WordTokenizer

SPACES = "\t\n\v\f\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
WORD = regex.compile(rf"[\p{{L}}\p{{M}}\p{{N}}]+|([^{SPACES}\p{{L}}\p{{M}}\p{{N}}])\1*")
SENTENCE_BREAK = regex.compile(rf"[.?!][\"'\)\]\u2019\u201d]*[{SPACES}]+")


class PlainWords(WordTokenizer):
    """Words are runs of letters, marks and numbers, or runs of one other sign."""

    def word_tokenize(self, text):
        return [match.group() for match in WORD.finditer(text)]

    def sent_tokenize(self, text):
        return [text[start:end] for start, end in self.span_tokenize(text)]

    def span_tokenize(self, text):
        start = len(text) - len(text.lstrip())
        end = len(text.rstrip())
        spans = []
        for match in SENTENCE_BREAK.finditer(text, start, end):
            spans.append((start, match.end()))
            start = match.end()
        return [*spans, (start, end)]
