"""Sentences are plain English texts that remember what they were made of."""

from __future__ import annotations

import copy
import json

from geotagger.core.sentence import Sentence


def test_a_sentence_is_its_english_text() -> None:
    when = Sentence("{n} min after {photo}", n=9, photo="IMG {1}")
    words = Sentence("{when}, which has GPS", when=when)
    assert words == "9 min after IMG {1}, which has GPS"
    assert hash(words) == hash(str(words))
    assert json.loads(json.dumps([words])) == ["9 min after IMG {1}, which has GPS"]
    assert words.values["when"] is when


def test_a_copy_remembers_it_too() -> None:
    words = Sentence("{n} h", n=3)
    for again in (copy.copy(words), copy.deepcopy(words)):
        assert (again, again.template, again.values) == ("3 h", "{n} h", {"n": 3})
