"""Component types are found under their old and new names, and imported only when used."""

import pytest

from fastlog.pipeline import registry


@pytest.mark.parametrize(
    ("kind", "type_"), [(kind, type_) for kind, types in registry.MODULES.items() for type_ in types]
)
def test_every_module_exports_its_component(kind: str, type_: str) -> None:
    component = registry.find(kind, type_)
    assert component is not None
    assert (component.kind, component.type) == (kind, type_)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.MODULES["receiver"], "x", "chdb_is_not_here")
    monkeypatch.setitem(registry.EXTRAS, "chdb_is_not_here", "clickhouse-embedded")
    with pytest.raises(ImportError, match=r"install it with pip install 'fastlog-ingest\[clickhouse-embedded\]'"):
        registry.find("receiver", "x")


@pytest.mark.parametrize(
    ("kind", "new", "old"),
    [("receiver", "file_log", "filelog"), ("processor", "resource_detection", "resourcedetection")],
)
def test_new_names_are_the_old_components(kind: str, new: str, old: str) -> None:
    assert registry.RENAMED[kind][new] == old
    assert new in registry.names(kind)


def test_an_unknown_type_is_none() -> None:
    assert registry.find("receiver", "kafka") is None
