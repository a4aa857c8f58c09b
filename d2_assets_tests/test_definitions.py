import runpy
from pathlib import Path

import dagster as dg
import pytest

from d2_assets.definitions import build_definitions
from d2_assets.defs.failed_runs import JOBLESS
from d2_assets.defs.jobs import JOB_OF, list_asset_keys, list_pair_assets
from d2_assets.defs.stock_types import INDICATORS
from d2_assets.errors import ConfigurationError
from d2_assets.metadata.families import FAMILIES, Family
from d2_assets.settings import Pair, load_settings
from d2_assets.settings.loading import SANDBOX_FILE
from d2_assets.settings.vocabulary import SyncType
from d2_assets_tests.journeys.backfills import open_instance, open_workspace
from d2_assets_tests.recordings import ROOT
from d2_assets_tests.settings.texts import GOOD

KEY = dg.AssetKey(["data", "data_values"])
EVENTS = dg.AssetKey(["data", "events"])
TRACKER = dg.AssetKey(["data", "tracker"])
WORK_LIST = dg.AssetKey(["overview", "quarantine"])
DOOR = ROOT / "d2_assets" / "definitions.py"

_WORK_LIST_JOBS = ("replay_quarantine", "discard_quarantined", "restore_discarded")

#: The graph of the families as it stands: an edge that appears or goes is seen here.
FAMILY_PARENTS = {
    "system": "",
    "legends": "system",
    "options": "system",
    "organisation": "system",
    "users": "organisation system",
    "categories": "organisation system users",
    "data_elements": "categories legends options system users",
    "indicators": "categories data_elements legends organisation system users",
    "data_sets": "categories data_elements indicators legends organisation system users",
    "tracker": "legends options system users",
    "programs": "categories data_elements legends organisation system tracker users",
    "program_rules": "data_elements legends options organisation programs system tracker users",
    "validation": "categories data_elements organisation system users",
    "predictors": "categories data_elements organisation system users",
    "analytics": "categories data_elements data_sets indicators legends options organisation "
    "programs system tracker users",
}

#: The instances of the sandbox: assets that are observed and never made.
INSTANCES = ("national", "training", "stock")


@pytest.fixture
def defs() -> dg.Definitions:
    return build_definitions(load_settings(SANDBOX_FILE, {}))


def test_the_definitions_hold_these_assets_checks_and_jobs(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    families = {f"metadata/{name}" for name in FAMILY_PARENTS}
    data = {"data/data_values", "data/events", "data/tracker"}
    stock = {f"stock/{name}" for name in INDICATORS}
    movements = "stock/stock_movements"
    observed = {"overview/notices", *(f"instances/{name}" for name in INSTANCES)}
    assert keys == {*families, *data, *stock, movements, "overview/quarantine", *observed}
    checks = {(check.asset_key.to_user_string(), check.name) for check in graph.asset_check_keys}
    assert checks == {
        *((asset, "no_row_is_lost") for asset in data),
        *((asset, "destination_equals_source") for asset in data),
        *((asset, "no_row_is_lost") for asset in stock),
        *((asset, "destination_equals_source") for asset in stock),
        *((asset, "table_keeps_its_type") for asset in stock),
        (movements, "stock_accounting_balances"),
        (movements, "withdrawn_products_seen"),
        *((family, "no_row_is_lost") for family in families),
        *((family, "metadata_equals_source") for family in families),
    }
    jobs = {job.name for job in defs.resolve_all_job_defs()} - {"__ASSET_JOB"}
    assert jobs == {
        JOBLESS,
        *JOB_OF.values(),
        "preview",
        *_WORK_LIST_JOBS,
        "resume_pair",
        "test_instances",
    }


#: What the job of each sync type holds: whether the families, and which data.
JOBS: dict[SyncType, tuple[bool, set[dg.AssetKey]]] = {
    "metadata": (True, set()),
    "data": (False, {KEY, WORK_LIST}),
    "events": (False, {EVENTS}),
    "tracker": (False, {TRACKER}),
    "both": (True, {KEY, WORK_LIST}),
    "all_data": (False, {KEY, WORK_LIST, EVENTS, TRACKER}),
    "complete": (True, {KEY, WORK_LIST, EVENTS, TRACKER}),
}


@pytest.mark.parametrize("name", JOBS)
def test_a_job_holds_what_its_sync_type_moves(defs: dg.Definitions, name: SyncType) -> None:
    has_families, data = JOBS[name]
    families = {dg.AssetKey(["metadata", family]) for family in FAMILY_PARENTS if has_families}
    selected = defs.resolve_job_def(JOB_OF[name]).asset_layer.selected_asset_keys
    assert selected == families | data == set(list_asset_keys(name))


def test_a_pair_moves_the_assets_of_its_type_less_the_families_it_leaves_out() -> None:
    pair = Pair.model_validate(
        {
            "source": "a",
            "destination": "b",
            "sync_type": "both",
            "filters": {"families": ["options"]},
        }
    )
    assert list_pair_assets(pair) == (dg.AssetKey(["metadata", "options"]), KEY, WORK_LIST)


def test_the_definitions_can_be_loaded(defs: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(defs)


def test_every_job_says_what_it_does(defs: dg.Definitions) -> None:
    for job in defs.resolve_all_job_defs():
        if job.name != "__ASSET_JOB":
            assert job.description, job.name


def test_an_asset_says_what_its_period_means(defs: dg.Definitions) -> None:
    spec = next(spec for spec in defs.resolve_all_asset_specs() if spec.key == KEY)
    text = " ".join((spec.description or "").split())
    assert "every DHIS2 period that ends in it" in text
    assert "belongs to the current month" in text
    assert spec.group_name == "data"
    assert spec.kinds == {"dhis2", "parquet"}
    assert spec.owners


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (EVENTS, "the month of occurredAt"),
        (EVENTS, "A relationship goes with the later of its two ends"),
        (EVENTS, "counted and shown as outside_partitions"),
        (TRACKER, "the month of updatedAt at the source"),
        (TRACKER, "hold every entity exactly once"),
        (TRACKER, "a change always falls into the current month"),
        (TRACKER, "Entities older than the first month of the settings belong to that month"),
        (TRACKER, "entities that moved on to a later month are named"),
        (TRACKER, "A relationship goes with the later of its two ends"),
    ],
)
def test_events_and_tracker_say_what_their_period_means(
    defs: dg.Definitions, key: dg.AssetKey, words: str
) -> None:
    spec = next(spec for spec in defs.resolve_all_asset_specs() if spec.key == key)
    assert words in " ".join((spec.description or "").split())
    assert "Materialising pushes" in (spec.description or "")
    assert (spec.group_name, spec.tags["d2/domain"]) == ("data", key.path[-1])
    assert spec.owners
    assert spec.skippable


def test_all_jobs_with_partitions_share_one_partitioning(defs: dg.Definitions) -> None:
    jobs = [defs.resolve_job_def(name) for name in (*JOB_OF.values(), "preview", *_WORK_LIST_JOBS)]
    asset = defs.resolve_job_def("data").partitions_def
    assert {job.name for job in jobs if job.partitions_def != asset} == set()
    assert asset is not None
    assert asset.has_partition_key(dg.MultiPartitionKey(
        {"period": "202511", "pair": "national--training"}))  # fmt: skip
    assert asset.has_partition_key("national--training|202511")


def test_families_follow_those_that_they_refer_to(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    for name, parents in FAMILY_PARENTS.items():
        node = graph.get(dg.AssetKey(["metadata", name]))
        keys = {dg.AssetKey(["metadata", parent]) for parent in parents.split()}
        assert node.parent_keys == keys, name
        assert node.partition_mappings == dict.fromkeys(keys, dg.IdentityPartitionMapping())
        assert node.group_name == "metadata"
        assert node.kinds == {"dhis2", "parquet"}
        assert node.owners
        assert node.tags["d2/domain"] == "metadata"
        assert node.tags["d2/family"] == name
        assert node.backfill_policy == dg.BackfillPolicy.single_run()


def test_data_values_follow_the_families_that_their_rows_name(defs: dg.Definitions) -> None:
    node = defs.resolve_asset_graph().get(KEY)
    families = ("organisation", "categories", "data_elements", "data_sets")
    keys = {dg.AssetKey(["metadata", name]) for name in families}
    assert node.parent_keys == keys
    assert node.partition_mappings == dict.fromkeys(keys, dg.IdentityPartitionMapping())


def test_events_and_tracker_follow_the_families_that_their_objects_name(
    defs: dg.Definitions,
) -> None:
    graph = defs.resolve_asset_graph()
    families = ("options", "organisation", "users", "categories", "data_elements", "programs")
    keys = {dg.AssetKey(["metadata", name]) for name in families}
    tracker = keys | {dg.AssetKey(["metadata", "tracker"])}
    for key, parents in ((EVENTS, keys), (TRACKER, tracker)):
        node = graph.get(key)
        assert node.parent_keys == parents
        assert node.partition_mappings == dict.fromkeys(parents, dg.IdentityPartitionMapping())


def test_the_job_of_metadata_holds_the_families_alone(defs: dg.Definitions) -> None:
    selected = defs.resolve_job_def("metadata").asset_layer.selected_asset_keys
    assert selected == {dg.AssetKey(["metadata", name]) for name in FAMILY_PARENTS}


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_a_family_says_what_it_holds_and_what_its_period_means(
    defs: dg.Definitions, family: Family
) -> None:
    specs = {spec.key: spec for spec in defs.resolve_all_asset_specs()}
    text = " ".join((specs[dg.AssetKey(["metadata", family.name])].description or "").split())
    assert all(plural in text for plural in family.classes)
    assert "Materialising pushes" in text
    assert "the definitions this month's data were loaded against" in text


def test_the_work_list_follows_the_data_in_one_job_partition_by_partition(
    defs: dg.Definitions,
) -> None:
    node = defs.resolve_asset_graph().get(WORK_LIST)
    assert node.parent_keys == {KEY}
    assert node.group_name == "overview"
    assert node.partition_mappings == {KEY: dg.IdentityPartitionMapping()}
    selected = defs.resolve_job_def("data").asset_layer.selected_asset_keys
    assert selected == {KEY, WORK_LIST}


@pytest.mark.parametrize("key", [KEY, EVENTS, TRACKER, WORK_LIST], ids=str)
def test_a_range_is_one_run_and_steps_stay_in_its_process(
    defs: dg.Definitions, key: dg.AssetKey
) -> None:
    policy = defs.resolve_asset_graph().get(key).backfill_policy
    assert policy == dg.BackfillPolicy.single_run()
    assert defs.executor is dg.in_process_executor


@pytest.fixture
def spoilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings with two mistakes, as D2_ASSETS_CONFIG names them."""
    file = tmp_path / "our-settings.yaml"
    text = GOOD.replace("role: source", "role: sender").replace("pairs:", "pears:")
    file.write_text(text, encoding="utf-8")
    monkeypatch.setenv("D2_ASSETS_CONFIG", str(file))
    return file


def test_mistakes_in_the_settings_name_file_and_key(spoilt: Path) -> None:
    with pytest.raises(ConfigurationError) as told:
        runpy.run_path(str(DOOR))
    for words in (str(spoilt), "instances[0].role", "'sender'", "pears", "Did you mean `pairs`?"):
        assert words in str(told.value)


@pytest.mark.filterwarnings("ignore:Error loading repository location")
def test_a_code_location_with_mistakes_shows_them_in_the_ui(spoilt: Path, tmp_path: Path) -> None:
    with (
        open_instance(tmp_path / "dagster") as instance,
        open_workspace(instance, DOOR) as workspace,
    ):
        entries = workspace.create_request_context().get_code_location_entries()
        (entry,) = entries.values()
    assert entry.load_error is not None
    told = entry.load_error.to_string()
    assert str(spoilt) in told
    assert "instances[0].role" in told


def test_settings_that_are_not_there_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("D2_ASSETS_CONFIG", str(tmp_path / "nowhere.yaml"))
    with pytest.raises(ConfigurationError, match=r"nowhere\.yaml"):
        runpy.run_path(str(DOOR))
