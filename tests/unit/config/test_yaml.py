"""YAML, merging and references behave as the collector's confmap v1.66."""

import math
from pathlib import Path
from typing import Any

import pytest

from fastlog.config.yaml import load, parse, scalar
from fastlog.errors import ConfigError


def value(text: str, **environ: str) -> Any:
    return load([f"yaml:{text}"], environ=environ).root.plain()


def problems(text: str, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load([f"yaml:{text}"], environ=environ)
    return str(caught.value)


# The right side is what yaml.v3 gives for the left side.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("off", "off"),
        ("12", 12),
        ("-12", -12),
        ("1_000", 1000),
        ("0x1F", 31),
        ("0o17", 15),
        ("017", 15),
        ("08", 8.0),
        ("0b101", 5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("12:30:00", "12:30:00"),
        ("2006-01-02", "2006-01-02"),
        ("5s", "5s"),
        ("-", "-"),
        ("1.2.3", "1.2.3"),
        (".inf", math.inf),
    ],
)
def test_plain_scalars(text: str, expected: object) -> None:
    got = scalar(text)
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: '12'", "12"),
        ('a: "true"', "true"),
        ("a: !!str 12", "12"),
        ("a: ! 12", 12),
        ("a: !own 12", "12"),
        ("a: !!float 12", 12.0),
        ("a: |\n  12\n", "12\n"),
        ("a: one\n  two", "one two"),
    ],
)
def test_styles_and_tags(text: str, expected: object) -> None:
    got = parse(text, "f").plain()["a"]
    assert got == expected
    assert type(got) is type(expected)


def test_anchors_and_merge_keys() -> None:
    text = "base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\nboth: {<<: [*b, {z: 9}]}"
    assert value(text) == {"base": {"x": 1, "y": 2}, "use": {"y": 3, "x": 1}, "both": {"x": 1, "y": 2, "z": 9}}


def test_a_key_with_two_colons_is_a_path() -> None:
    assert value("a::b::c: 1\na::b::d: 2\ne:\n  f::g: 3") == {"a": {"b": {"c": 1, "d": 2}}, "e": {"f": {"g": 3}}}


def test_places_of_keys_and_items() -> None:
    root = parse("a:\n  b: 1\n  c:\n    - x\n    - y: 2\n", "file.yaml", 1)
    inner = root.value["a"]  # type: ignore[index,call-overload]
    assert str(inner.place) == "file.yaml:1"
    assert str(inner.child("b").place) == "file.yaml:2"
    assert str(inner.child("c").child(1).place) == "file.yaml:5"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "a: the key is written twice, first at line 1; keep one of them (--config yaml:3)"),
        ("x:\n  a: 1\n  a: 3", "x::a: the key is written twice, first at line 2"),
        ("a::b: 1\na:\n  b: 3", "a::b: the key is written twice, first at line 1"),
        ("a: [1", "not valid YAML: while parsing a flow sequence"),
        ('a: "\\d"', "write a regular expression in single quotes"),
        ("a:\n\tb: 1", "indent with spaces, not tabs"),
        ("a: b: c", "quote values that contain ': ' (--config yaml:1)"),
        ("- a", "the configuration must be a map"),
        ("a: &x {b: *x}", "a::b: the value contains itself; remove the alias '*…' (--config yaml:1)"),
        ("a: &x [1, *x]", "a[1]: the value contains itself"),
        ("a: &x {<<: *x}", "a: the value contains itself"),
        ("{[a]: 1}", "a key must be a string"),
        ("<<: 3", "'<<' merges maps only"),
    ],
)
def test_bad_yaml_says_where(text: str, message: str) -> None:
    assert message in problems(text)


def test_every_duplicate_is_reported() -> None:
    assert problems("a: 1\na: 2\nb: 1\nb: 2").count("written twice") == 2


def test_maps_merge_deep_and_lists_replace(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text("r: {x: {one: 1, two: [1, 2]}}\ns: {}\n")
    second.write_text("r:\n  x:\n    two: [3]\n    three: 3\ns:\n")
    document = load([str(first), f"file:{second}"], ["r::x::one=5", "r.y=[a, b]"], {})
    assert document.root.plain() == {"r": {"x": {"one": 5, "two": [3], "three": 3}, "y": ["a", "b"]}, "s": None}
    x = document.root.child("r").child("x")  # type: ignore[union-attr]
    assert x is not None
    assert str(x.child("two").place) == f"{second}:3"  # type: ignore[union-attr]
    assert str(x.child("one").place) == "--set r::x::one"  # type: ignore[union-attr]


def test_a_config_from_the_environment() -> None:
    assert load(["env:CFG"], environ={"CFG": "a: {b: 1}"}).root.plain() == {"a": {"b": 1}}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("/does/not/exist.yaml", "can't read /does/not/exist.yaml: No such file or directory"),
        ("env:NOPE", "the environment variable NOPE is not set"),
        (
            "http://host/x",
            "the scheme 'http' is not supported; use a path, file:, env:, yaml: or clickstack",
        ),
    ],
)
def test_sources_that_cannot_be_read(config: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load([config], environ={})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "message"), [("a", "write KEY=VALUE"), ("=1", "write KEY=VALUE"), ("a::=1", "empty part")]
)
def test_bad_settings(setting: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load([], [setting], {})


ENV = {
    "N": "4318",
    "S": "text",
    "B": "true",
    "L": "[a, '${env:S}']",
    "M": "{k: 1}",
    "EMPTY": "",
    "Q": "'007'",
    "DOLLAR": "a$$b",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${N}", 4318),
        ("${env:N}", 4318),
        ("'${env:N}'", 4318),
        ("${env:NONE:-0}", 0),
        ("${env:NONE:-5s}", "5s"),
        ("${env:NONE:-}", ""),
        ("${env:NONE}", ""),
        ("${env:EMPTY}", ""),
        ("${env:EMPTY:-7}", ""),
        ("${env:B}", True),
        ("${env:L}", ["a", "text"]),
        ("${env:M}", {"k": 1}),
        ("${env:Q}", "'007'"),
        ("http://h:${env:N}/${env:S}", "http://h:4318/text"),
        ("${env:S}${env:S}", "texttext"),
        ("[x, '${env:N}']", ["x", 4318]),
        ("${env:N${env:NONE:-}}", 4318),
        ("'${yaml:{a: 1}}'", "{a: 1}"),  # the first closing brace ends the reference; the second is text
        ("x-${env:M}", "x-{k: 1}"),
        ("$N", "$N"),
        ("$${env:N}", "${env:N}"),
        ("a$$b", "a$b"),
        ("${env:DOLLAR}", "a$b"),
        ("'^x$'", "^x$"),
        ("'${'", "${"),
        ("'}${env:S}'", "}text"),
    ],
)
def test_references(text: str, expected: object) -> None:
    got = value(f"v: {text}", **ENV)["v"]
    assert got == expected
    assert type(got) is type(expected)


def test_a_whole_reference_keeps_its_text_for_string_fields() -> None:
    node = load(["yaml:v: ${env:N}\nw: ${env:NONE}\nx: 4318"], environ=ENV).root
    assert [node.child(key).text for key in "vwx"] == ["4318", "", None]  # type: ignore[union-attr]


def test_unset_variables_are_warned_about() -> None:
    (warning,) = load(["yaml:\na:\n  b: ${env:NONE}\n  c: ${env:NONE:-x}"], environ={}).warnings
    assert str(warning) == (
        "a::b: the environment variable NONE is not set; ${env:NONE:-default} sets one (--config yaml:3)"
    )


def test_a_file_reference(tmp_path: Path) -> None:
    part = tmp_path / "part.yaml"
    part.write_text("endpoint: ${env:S}\n")
    got = load([f"yaml:e:\n  otlphttp: ${{file:{part}}}"], environ=ENV).root
    assert got.plain() == {"e": {"otlphttp": {"endpoint": "text"}}}
    assert str(got.child("e").child("otlphttp").child("endpoint").place) == "--config yaml:2"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${http://x}", "v: ${http://x}: the scheme 'http' is not supported; use env, file or yaml (--config yaml:1)"),
        ("${env:1X}", "'1X' is no name of an environment variable"),
        ("${1:x}", "${1:x} is no reference; write ${env:NAME}"),
        ("${file:/none}", "v: can't read /none"),
        ("${env:A}", "the references lead back to themselves"),
        ("${env:CYCLE}", "the references lead back to themselves"),
    ],
)
def test_references_that_cannot_be_resolved(text: str, message: str) -> None:
    assert message in problems(f"v: {text}", A="${env:A}", CYCLE="[x, '${env:CYCLE}']")
