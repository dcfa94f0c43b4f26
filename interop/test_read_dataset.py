"""Tests of the row check of read_dataset.py; they need nothing installed."""

import unittest

from read_dataset import problems


def row(**changed):
    sound = {
        "input_ids": [5, 6, 7, 8, 9, 0],
        "labels": [-100, 6, 7, -100, 9, -100],
        "seq_lengths": [3, 2, 1],
        "document_ids": ["a", "b"],
    }
    return {**sound, **changed}


class ProblemsTest(unittest.TestCase):
    def test_a_sound_row_has_none(self):
        self.assertEqual(problems(row(), 6), [])

    def test_a_first_token_with_a_label_is_named(self):
        self.assertEqual(problems(row(labels=[5, 6, 7, -100, 9, -100]), 6), ["label 0 is 5, not -100"])

    def test_a_token_may_go_unlearned_but_not_be_another(self):
        self.assertEqual(problems(row(labels=[-100, -100, 7, -100, -100, -100]), 6), [])
        self.assertEqual(problems(row(labels=[-100, 6, 8, -100, 9, -100]), 6), ["label 2 is 8, not 7"])

    def test_a_label_on_padding_is_named(self):
        self.assertEqual(problems(row(labels=[-100, 6, 7, -100, 9, 0]), 6), ["label 5 is 0, not -100"])

    def test_lengths_that_do_not_add_up_are_named(self):
        self.assertEqual(problems(row(seq_lengths=[3, 2]), 6), ["lengths 6, 6, 5 are not all 6"])


if __name__ == "__main__":
    unittest.main()
