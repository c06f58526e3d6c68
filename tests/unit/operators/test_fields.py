import pytest

from fastlog.operators.fields import FieldPath, parse_field


@pytest.mark.parametrize(
    ("text", "place", "names"),
    [
        ("body", "body", ()),
        ("body.a", "body", ("a",)),
        ("attributes.a.b", "attributes", ("a", "b")),
        ('attributes["a.b"].c', "attributes", ("a.b", "c")),
        ("attributes['a']['b']", "attributes", ("a", "b")),
        ("attributes.a['b'].c", "attributes", ("a", "b", "c")),
        ("['attributes'].a", "attributes", ("a",)),
        ("attributes.a-b c", "attributes", ("a-b c",)),
        ('attributes["it\'s"]', "attributes", ("it's",)),
        ("attributes['']", "attributes", ("",)),
        ("resource..a", "resource", ("", "a")),
        ("attributes.", "attributes", ("",)),
    ],
)
def test_fields_are_split_as_stanza_splits_them(text: str, place: str, names: tuple[str, ...]) -> None:
    assert parse_field(text) == FieldPath(place, names)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must start with attributes, resource or body"),
        ("timestamp", "did you mean 'attributes.timestamp'"),
        ("attributes", "name one of them"),
        ("resource", "name one of them"),
        ("attributes[a]", "must be quoted"),
        ("attributes['a", "never closed"),
        ("attributes['a'", "write ']'"),
        ("attributes['a'x]", "write ']'"),
        ("attributes['a']x", "after a bracket"),
    ],
)
def test_a_field_that_is_none_is_refused_with_the_fix(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_field(text)


def test_whole_places_where_they_make_sense() -> None:
    assert parse_field("attributes", whole=True) == FieldPath("attributes")
    assert parse_field("resource", whole=True) == FieldPath("resource")


def test_a_field_is_written_back_as_the_collector_writes_it() -> None:
    assert str(parse_field("attributes.a.b")) == "attributes.a.b"
    assert str(parse_field('attributes["a.b"].c')) == "attributes['a.b']['c']"
    assert str(FieldPath("body")) == "body"
