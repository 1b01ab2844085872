"""The name of a new plugin: its spellings, and what cannot be one."""

import pytest

from gridhook.errors import ConfigError
from gridhook.scaffold import NewName


@pytest.mark.parametrize(
    ("text", "distribution", "module", "class_name"),
    [
        ("night-rates", "gridhook-night-rates", "gridhook_night_rates", "NightRates"),
        ("gridhook-night-rates", "gridhook-night-rates", "gridhook_night_rates", "NightRates"),
        ("v2g", "gridhook-v2g", "gridhook_v2g", "V2g"),
        ("peak-4-all", "gridhook-peak-4-all", "gridhook_peak_4_all", "Peak4All"),
    ],
)
def test_one_name_has_four_spellings(text, distribution, module, class_name):
    new = NewName.parse(text)
    assert (new.distribution, new.module, new.class_name) == (distribution, module, class_name)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Night_Rates", "night-rates"),
        ("NightRates", "night-rates"),
        ("night rates", "night-rates"),
        ("night--rates", "night-rates"),
        ("-night-", "night"),
        ("../night", "night"),
        ("gridhook_night", "gridhook-night"),
        ("4all", None),
        ("gridhook-", None),
        ("", None),
        ("nächte", "n-chte"),
        ("night\n", "night"),
    ],
)
def test_what_cannot_be_a_name_is_refused_with_what_may_have_been_meant(text, meant):
    with pytest.raises(ConfigError) as refused:
        NewName.parse(text)
    message = str(refused.value)
    assert message.startswith(f"{text!r} cannot be the name of a plugin, which is small letters and digits in words")
    assert message.endswith(f"; did you mean {meant!r}?" if meant else "begins with a letter")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class", "'class' is a word of Python's own; choose another name, such as 'my-class'"),
        ("true", "'true' is a word of Python's own; choose another name, such as 'my-true'"),
        ("gridhook-json", "'json' is a module of Python's own; choose another name, such as 'my-json'"),
        ("value-error", "'value-error' would be the class ValueError, which Python has; choose another name, such as"),
        ("n" * 41, f"'{'n' * 41}' is longer than 40 characters; choose a shorter name"),
    ],
)
def test_a_name_that_would_mislead_is_refused(text, message):
    with pytest.raises(ConfigError) as refused:
        NewName.parse(text)
    assert str(refused.value).startswith(message)


def test_forty_characters_will_do():
    assert NewName.parse("n" * 40).class_name == "N" + "n" * 39
