"""The names of the tracker reads, one set for each family of endpoints.

A server ignores a parameter that it does not know, and the answer is then another one, or empty
[seen: ``ouMode`` on 2.42]. So names stand only here, and only ``tracker_parameters`` writes them.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class TrackerNames:
    """The names of one family: its paths, its parameters, and what orders its lists.

    ``is_old``: bodies have the members of the endpoints before ``/api/tracker``.
    ``ids_separator`` stands between UIDs of one parameter. ``escapes_filters``: a ``/`` before it
    hides what would part a filter's value. ``files_in_tracker``: files of values have a path below
    their object.
    """

    events_path: str
    entities_path: str
    events: str
    entities: str
    org_unit_mode: str
    event_org_unit: str
    entity_org_unit: str
    event_ids: str
    entity_ids: str
    ids_separator: str
    occurred_after: str
    occurred_before: str
    updated_after: str
    updated_before: str
    event_order: str
    entity_order: str
    event_uid: str
    entity_uid: str
    updated_at: str
    attribute_filter: str = "filter"
    escapes_filters: bool = False
    files_in_tracker: bool = False
    is_old: bool = False


#: ``/api/tracker`` of 2.38: ouMode and orgUnit [seen]; UIDs parted by ``;`` and orders [read]. That
#: its entities can be ordered by UID is not known, so there ties stay.
TRACKER_2_38 = TrackerNames(
    events_path="api/tracker/events",
    entities_path="api/tracker/trackedEntities",
    events="events",
    entities="trackedEntities",
    org_unit_mode="ouMode",
    event_org_unit="orgUnit",
    entity_org_unit="orgUnit",
    event_ids="event",
    entity_ids="trackedEntity",
    ids_separator=";",
    occurred_after="occurredAfter",
    occurred_before="occurredBefore",
    updated_after="updatedAfter",
    updated_before="updatedBefore",
    event_order="updatedAt:asc,event:asc",
    entity_order="updatedAt:asc",
    event_uid="event",
    entity_uid="trackedEntity",
    updated_at="updatedAt",
)

#: 2.40, and 2.41, which still takes these names [read].
TRACKER_2_40 = replace(TRACKER_2_38, entity_order="updatedAt:asc,trackedEntity:asc")

#: From 2.42 on: orgUnitMode, and orgUnits of entities [seen]; UIDs parted by commas, files below
#: their objects [read]. Ties are ordered by the server [read].
TRACKER_2_42 = replace(
    TRACKER_2_38,
    org_unit_mode="orgUnitMode",
    entity_org_unit="orgUnits",
    event_ids="events",
    entity_ids="trackedEntities",
    ids_separator=",",
    event_order="updatedAt:asc",
    escapes_filters=True,
    files_in_tracker=True,
)

#: The endpoints before ``/api/tracker``, up to 2.40: paths, ouMode [seen]; the rest [read].
OLD_TRACKER = TrackerNames(
    events_path="api/events",
    entities_path="api/trackedEntityInstances",
    events="events",
    entities="trackedEntityInstances",
    org_unit_mode="ouMode",
    event_org_unit="orgUnit",
    entity_org_unit="ou",
    event_ids="event",
    entity_ids="trackedEntityInstance",
    ids_separator=";",
    occurred_after="startDate",
    occurred_before="endDate",
    updated_after="lastUpdatedStartDate",
    updated_before="lastUpdatedEndDate",
    event_order="lastUpdated:asc,event:asc",
    entity_order="created:asc",
    event_uid="event",
    entity_uid="trackedEntityInstance",
    updated_at="lastUpdated",
    is_old=True,
)
