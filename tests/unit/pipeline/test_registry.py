"""Component types are found under their old and new names, and imported only when used."""

import importlib.util

import pytest

from fastlog.pipeline import registry


@pytest.mark.parametrize("kind", registry.MODULES)
def test_every_module_exports_its_component(kind: str) -> None:
    for type_, module in registry.MODULES[kind].items():
        if importlib.util.find_spec(module) is None or not hasattr(importlib.import_module(module), "COMPONENT"):
            pytest.skip(f"{module} is not there yet")
        component = registry.find(kind, type_)
        assert component is not None
        assert (component.kind, component.type) == (kind, type_)


@pytest.mark.parametrize(
    ("kind", "new", "old"),
    [("receiver", "file_log", "filelog"), ("processor", "resource_detection", "resourcedetection")],
)
def test_new_names_are_the_old_components(kind: str, new: str, old: str) -> None:
    assert registry.RENAMED[kind][new] == old
    assert new in registry.names(kind)


def test_an_unknown_type_is_none() -> None:
    assert registry.find("receiver", "kafka") is None
