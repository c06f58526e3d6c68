"""The statements that make otel_logs. tests/e2e runs them."""

import pytest

from fastlog.exporters.clickhouse import schema


@pytest.mark.parametrize(
    ("seconds", "interval"),
    [
        (30 * 86_400, "toIntervalDay(30)"),
        (90 * 60, "toIntervalMinute(90)"),
        (7200, "toIntervalHour(2)"),
        (61, "toIntervalSecond(61)"),
    ],
)
def test_ttl_is_in_the_largest_unit(seconds: float, interval: str) -> None:
    assert schema.ttl_interval(seconds) == interval
    assert f"TTL TimestampTime + {interval}\n" in schema.collector_table("`d`.`t`", ttl=seconds)
    assert f"TTL toDateTime(Timestamp) + {interval}\n" in schema.clickstack_table("`d`.`t`", ttl=seconds)


def test_no_ttl_by_default() -> None:
    assert "TTL" not in schema.collector_table("`d`.`t`")
    assert "TTL" not in schema.clickstack_table("`d`.`t`")


def test_cluster_and_engine() -> None:
    made = schema.collector_table("`d`.`t`", engine="ReplicatedMergeTree('/p', '{replica}')", cluster="main")
    assert made.startswith("CREATE TABLE IF NOT EXISTS `d`.`t` ON CLUSTER `main` (")
    assert "ENGINE = ReplicatedMergeTree('/p', '{replica}')\n" in made
    assert schema.create_database("d", "main") == "CREATE DATABASE IF NOT EXISTS `d` ON CLUSTER `main`"


def test_names_are_quoted() -> None:
    assert schema.table_name("a`b", "c\\d") == r"`a\`b`.`c\\d`"
