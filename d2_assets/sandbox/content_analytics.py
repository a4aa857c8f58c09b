"""Visualizations, event visualizations of both legacy kinds, maps, dashboards, reports, documents.

Up to 2.38 an object holds its relative periods as flags, later as names among its raw periods.
Event reports and event charts are legacy event visualizations in the store of every version, as
the recorded servers show each of them under both names.
"""

from typing import Any

from d2_assets.sandbox.content_bodies import Bodies, Body, translate

_FLAGS = {
    "LAST_12_MONTHS": "last12Months",
    "LAST_52_WEEKS": "last52Weeks",
    "LAST_4_QUARTERS": "last4Quarters",
    "THIS_YEAR": "thisYear",
    "LAST_YEAR": "lastYear",
    "LAST_MONTH": "lastMonth",
}
_DIMENSIONS = (
    "categoryDimensions", "categoryOptionGroupSetDimensions", "organisationUnitGroupSetDimensions",
    "itemOrganisationUnitGroups", "periods", "organisationUnits", "organisationUnitLevels",
    "filterDimensions", "columnDimensions",
)  # fmt: skip
_TRACKED = ("attributeDimensions", "dataElementDimensions", "programIndicatorDimensions")


def add_analytics(bodies: Bodies) -> None:
    """What people look at."""
    _add_calculation(bodies)
    _add_visualizations(bodies)
    _add_event_visualizations(bodies)
    _add_map(bodies)
    _add_reports(bodies)
    _add_dashboards(bodies)


def _relate(*names: str) -> Body:
    """Relative periods as a version holds them; it keeps the member that it owns."""
    return {
        "rawPeriods": list(names),
        "relativePeriods": {flag: name in names for name, flag in _FLAGS.items()},
    }


def _analyse(**members: Any) -> Body:
    """The members that all analytical objects share."""
    return {
        **{name: [] for name in _DIMENSIONS},
        "userOrganisationUnit": False,
        "userOrganisationUnitChildren": False,
        "userOrganisationUnitGrandChildren": False,
        **members,
    }


def _arrange(*names: str, **members: Any) -> Body:
    """``_analyse`` with what tables and charts have and map views have not."""
    common: Body = {
        **{name: [] for name in (*names, "rowDimensions", "favorites", "subscribers")},
        "completedOnly": False,
        "skipRounding": False,
        "sortOrder": 0,
        "topLimit": 0,
        "hideTitle": False,
        "hideSubtitle": False,
        "digitGroupSeparator": "SPACE",
        "displayDensity": "NORMAL",
        "fontSize": "NORMAL",
    }
    return _analyse(**(common | members))


def _item(bodies: Bodies, kind: str, name: str, reference: str) -> Body:
    return {"dataDimensionItemType": kind, name: {"id": bodies.uid(reference)}}


def _add_calculation(bodies: Bodies) -> None:
    """What people who look at data reckon up themselves."""
    bodies.add(
        "expressionDimensionItems", "MALARIA_SHARE", "Malaria a visit", shortName="Malaria a visit",
        description="Malaria among first visits.",
        expression=bodies.express("#{<OPD_MALARIA>} / #{<ANC_1>}"),
        missingValueStrategy="SKIP_IF_ALL_VALUES_MISSING",
    )  # fmt: skip


def _add_visualizations(bodies: Bodies) -> None:
    sex = {
        "category": bodies.refer("categories", "SEX"),
        "categoryOptions": bodies.refer_all("categoryOptions", ["SEX_1", "SEX_2"]),
    }
    kinds = {
        "organisationUnitGroupSet": bodies.refer("organisationUnitGroupSets", "FACILITY_KIND"),
        "organisationUnitGroups": bodies.refer_all("organisationUnitGroups", ["DISPENSARY"]),
    }
    _add_visualization(
        bodies, "MALARIA_BY_SEX", "Malaria by sex and month", "PIVOT_TABLE",
        columnDimensions=["dx", bodies.uid("categories/SEX")], rowDimensions=["pe"],
        filterDimensions=["ou"], categoryDimensions=[sex],
        dataDimensionItems=[
            _item(bodies, "DATA_ELEMENT", "dataElement", "dataElements/OPD_MALARIA")
        ],
        organisationUnits=bodies.refer_all("organisationUnits", ["KV"]),
        legend={"strategy": "FIXED", "style": "FILL", "set": bodies.refer("legendSets", "COVERAGE"),
                "showKey": True},
        translations=translate("fr", "Paludisme par sexe"), **_relate("LAST_12_MONTHS"),
        sharing=bodies.share("rw------", {"SUPERVISORS": "rw------"}, {"supervisor": "r-------"}),
    )  # fmt: skip
    _add_visualization(
        bodies, "DROPOUT", "Abandon CPN par région", "COLUMN", columnDimensions=["dx"],
        rowDimensions=["ou"],
        filterDimensions=["pe", bodies.uid("organisationUnitGroupSets/FACILITY_KIND")],
        dataDimensionItems=[
            _item(bodies, "INDICATOR", "indicator", "indicators/ANC_DROPOUT"),
            {
                "dataDimensionItemType": "REPORTING_RATE",
                "reportingRate": {
                    "dataSet": bodies.refer("dataSets", "HF_MONTHLY"), "metric": "REPORTING_RATE",
                },
            },
            _item(bodies, "PROGRAM_INDICATOR", "programIndicator", "programIndicators/VISITS"),
        ],
        organisationUnitGroupSetDimensions=[kinds], organisationUnitLevels=[2], sortOrder=-1,
        optionalAxes=[{"dimensionalItem": bodies.uid("indicators/ANC_DROPOUT"), "axis": 1}],
        **_relate("THIS_YEAR", "LAST_YEAR"),
    )  # fmt: skip
    _add_visualization(
        bodies, "STOCK_NOW", "Stock, last month", "SINGLE_VALUE", columnDimensions=["dx"],
        filterDimensions=["ou", "pe"], userOrganisationUnit=True, **_relate("LAST_MONTH"),
        dataDimensionItems=[
            _item(bodies, "INDICATOR", "indicator", "indicators/STOCK_PER_HOSPITAL")
        ],
    )  # fmt: skip


def _add_visualization(bodies: Bodies, key: str, name: str, kind: str, **members: Any) -> None:
    body = _arrange(
        "dataDimensionItems", "dataElementGroupSetDimensions", type=kind, title=name,
        description=f"{name}.", showData=True, numberType="VALUE",
        aggregationType="DEFAULT", fontStyle={}, colorSet="DEFAULT", yearlySeries=[], series=[],
        axes=[], optionalAxes=[], icons=[], sorting=[], seriesKey={"hidden": False},
        regressionType="NONE", hideEmptyRowItems="NONE",
    )  # fmt: skip
    bodies.add("visualizations", key, name, **(body | members))


def _add_event_visualizations(bodies: Bodies) -> None:
    stage = bodies.refer("programStages", "OUTBREAK_REPORT")
    number = {"dataElement": bodies.refer("dataElements", "EVENT_NUMBER"), "programStage": stage}
    aged = number | {"legendSet": bodies.refer("legendSets", "AGES")}
    column = bodies.uid("dataElements/EVENT_NUMBER")
    for key, name, kind, is_legacy, dimensions in (
        ("CASES_TABLE", "Cases by age", "PIVOT_TABLE", True, [aged]),
        ("CASES_CHART", "Cas par semaine", "COLUMN", True, [number]),
        ("CASES_LIST", "Line list of reports", "LINE_LIST", False, [number]),
    ):
        bodies.add(
            "eventVisualizations", key, name, code=None,
            **_arrange(
                *_TRACKED, type=kind, legacy=is_legacy, programStage=stage,
                program=bodies.refer("programs", "OUTBREAK"), outputType="EVENT",
                dataElementDimensions=dimensions,
                dataType="EVENTS" if kind == "LINE_LIST" else "AGGREGATED_VALUES",
                columnDimensions=["ou", column], rowDimensions=["pe"], collapseDataDimensions=False,
                organisationUnits=bodies.refer_all("organisationUnits", ["KV_R1", "KV_R2"]),
                simpleDimensions=[], repetitions=[], sorting=[], showDimensionLabels=True,
                targetLineValue=95.5, **_relate("LAST_52_WEEKS"),
            ),
        )  # fmt: skip


def _add_map(bodies: Bodies) -> None:
    views = [
        bodies.embed(
            "mapViews", f"MAP_{layer}", name=name, layer=layer, opacity=0.85,
            renderingStrategy="SINGLE", eventClustering=False, eventPointRadius=0, hidden=False,
            **_analyse(**members),
        )
        for layer, name, members in (
            ("orgUnit", "Régions", {"organisationUnitLevels": [2], "labels": True}),
            (
                "thematic",
                "Malaria",
                {
                    "columnDimensions": ["dx"],
                    "filterDimensions": ["pe"],
                    "method": 2,
                    "colorScale": "#fff,#fcc,#f00",
                    "legendSet": bodies.refer("legendSets", "COVERAGE"),
                    "thematicMapType": "CHOROPLETH",
                    "userOrganisationUnitChildren": True,
                    "dataDimensionItems": [
                        _item(bodies, "INDICATOR", "indicator", "indicators/MALARIA_SHARE")
                    ],
                    **_relate("LAST_4_QUARTERS"),
                },
            ),
            (
                "event",
                "Flambées",
                {
                    "program": bodies.refer("programs", "OUTBREAK"),
                    "programStage": bodies.refer("programStages", "OUTBREAK_REPORT"),
                    "organisationUnits": bodies.refer_all("organisationUnits", ["KV"]),
                    "startDate": "2025-01-01T00:00:00.000",
                    "endDate": "2026-01-01T00:00:00.000",
                },
            ),
        )
    ]  # fmt: skip
    bodies.add(
        "maps", "MALARIA_MAP", "Malaria in the regions", code=None, basemap="osmLight",
        title="Paludisme", latitude=-3.3125, longitude=29.9189, zoom=8, mapViews=views,
        basemaps=[], favorites=[], subscribers=[], description="Une carte.",
    )  # fmt: skip


def _add_reports(bodies: Bodies) -> None:
    bodies.add(
        "documents", "GUIDELINES", "National guidelines", external=True, attachment=False,
        url="https://example.org/guidelines.pdf?lang=fr&édition=3",
    )  # fmt: skip
    rows = "".join(f"<tr><td>{number}</td><td>Région {number}</td></tr>\n" for number in range(99))
    bodies.add(
        "reports", "QUARTERLY", "Quarterly bulletin", type="HTML", cacheStrategy="NO_CACHE",
        designContent=f"<html><body><h1>Bulletin</h1><table>{rows}</table></body></html>",
        visualization=bodies.refer("visualizations", "DROPOUT"),
        relativePeriods=_relate("LAST_4_QUARTERS")["relativePeriods"],
        reportParams={"parentOrganisationUnit": False, "reportingPeriod": True},
    )  # fmt: skip


def _add_dashboards(bodies: Bodies) -> None:
    places = (
        ("MALARIA_BY_SEX", "visualization", "visualizations"),
        ("DROPOUT", "visualization", "visualizations"),
        ("MALARIA_MAP", "map", "maps"),
        ("CASES_TABLE", "eventReport", "eventVisualizations"),
        ("CASES_CHART", "eventChart", "eventVisualizations"),
        ("CASES_LIST", "eventVisualization", "eventVisualizations"),
    )
    shown = [(key, {name: bodies.refer(plural, key)}) for key, name, plural in places]
    shown += [
        ("NOTE", {"text": "Données provisoires — à vérifier.\n\nSee the guidelines."}),
        ("REPORTS", {"reports": bodies.refer_all("reports", ["QUARTERLY"])}),
        ("RESOURCES", {"resources": bodies.refer_all("documents", ["GUIDELINES"])}),
        ("PEOPLE", {"users": bodies.refer_all("users", ["supervisor"])}),
    ]
    _add_dashboard(bodies, "NATIONAL", "National overview", shown)
    _add_dashboard(bodies, "REGIONS", "Vue des régions", shown[:2])


def _add_dashboard(bodies: Bodies, key: str, name: str, shown: list[tuple[str, Body]]) -> None:
    items = [
        bodies.embed(
            "dashboardItems", f"{key}_{item}", x=position % 2 * 29, y=position // 2 * 20, width=29,
            height=20, shape="NORMAL", **({"reports": [], "resources": [], "users": []} | members),
        )
        for position, (item, members) in enumerate(shown)
    ]  # fmt: skip
    bodies.add(
        "dashboards", key, name, dashboardItems=items, layout={"columns": []}, favorites=[],
        itemConfig={"insertPosition": "END"}, restrictFilters=key == "REGIONS",
        allowedFilters=["ou"] if key == "REGIONS" else [], description=f"{name}.",
        sharing=bodies.share("r-------", {"SUPERVISORS": "rw------", "ENTRY": "r-------"}),
    )  # fmt: skip
