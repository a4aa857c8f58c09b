"""The one table of metadata families, and of the classes that belong to one server alone.

``needs`` follows real references; where two families refer to each other, the earlier one leaves
the member out and the later one sets it (``second_pass``). Held to the schemas of every supported
version: a class or a reference that the table does not know makes a test fail.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Family:
    """Classes (plural names) that are moved together.

    ``needs``: families whose objects these ones refer to. ``second_pass``: class and member of
    earlier families that only this family can set.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    needs: tuple[str, ...] = ()
    second_pass: tuple[tuple[str, str], ...] = ()


#: Classes before the users whose sharing names users and groups.
_SHARED_BEFORE_USERS = (
    "attributes",
    "constants",
    "legendSets",
    "optionSets",
    "optionGroups",
    "optionGroupSets",
    "organisationUnitGroups",
    "organisationUnitGroupSets",
)

FAMILY_TABLE = (
    Family(
        name="system",
        title="Attributes, constants and settings of the system",
        classes=("attributes", "constants"),
    ),
    Family(
        name="legends",
        title="Legend sets",
        classes=("legendSets",),
        needs=("system",),
    ),
    Family(
        name="options",
        title="Option sets, their options and option groups",
        classes=("optionSets", "options", "optionGroups", "optionGroupSets"),
        needs=("system",),
        second_pass=(("attributes", "optionSet"),),
    ),
    Family(
        name="organisation",
        title="Organisation units, their levels, groups and group sets",
        classes=(
            "organisationUnitLevels",
            "organisationUnits",
            "organisationUnitGroups",
            "organisationUnitGroupSets",
        ),
        needs=("system",),
    ),
    Family(
        name="users",
        title="Users, user roles and user groups",
        classes=("userRoles", "users", "userGroups"),
        needs=("system", "organisation"),
        second_pass=tuple((plural, "sharing") for plural in _SHARED_BEFORE_USERS),
    ),
    Family(
        name="categories",
        title="Categories, category combos and their options",
        classes=(
            "categoryOptions",
            "categories",
            "categoryCombos",
            "categoryOptionCombos",
            "categoryOptionGroups",
            "categoryOptionGroupSets",
        ),
        needs=("system", "organisation", "users"),
        second_pass=(("users", "catDimensionConstraints"), ("users", "cogsDimensionConstraints")),
    ),
    Family(
        name="data_elements",
        title="Data elements, their groups and data entry forms",
        classes=("dataElements", "dataElementGroups", "dataElementGroupSets", "dataEntryForms"),
        needs=("system", "legends", "options", "users", "categories"),
    ),
    Family(
        name="indicators",
        title="Indicators, their types and groups",
        classes=("indicatorTypes", "indicators", "indicatorGroups", "indicatorGroupSets"),
        needs=("system", "legends", "organisation", "users", "categories", "data_elements"),
    ),
    Family(
        name="data_sets",
        title="Data sets, their sections, approval and notifications",
        classes=(
            "dataApprovalLevels",
            "dataApprovalWorkflows",
            "dataSets",
            "sections",
            "dataSetNotificationTemplates",
        ),
        needs=(
            "system",
            "legends",
            "organisation",
            "users",
            "categories",
            "data_elements",
            "indicators",
        ),
    ),
    Family(
        name="tracker",
        title="Tracked entity types and their attributes",
        classes=("trackedEntityAttributes", "trackedEntityTypes"),
        needs=("system", "legends", "options", "users"),
    ),
    Family(
        name="programs",
        title="Programs, their stages, indicators, notifications and working lists",
        classes=(
            "programs",
            "programStages",
            "programSections",
            "programStageSections",
            "programTrackedEntityAttributeGroups",
            "programIndicators",
            "programIndicatorGroups",
            "programNotificationTemplates",
            "relationshipTypes",
            "trackedEntityInstanceFilters",
            "eventFilters",
            "programStageWorkingLists",
        ),
        needs=(
            "system",
            "legends",
            "organisation",
            "users",
            "categories",
            "data_elements",
            "tracker",
        ),
    ),
    Family(
        name="program_rules",
        title="Program rules, their actions and variables",
        classes=("programRules", "programRuleActions", "programRuleVariables"),
        needs=(
            "system",
            "legends",
            "options",
            "organisation",
            "users",
            "data_elements",
            "tracker",
            "programs",
        ),
    ),
    Family(
        name="validation",
        title="Validation rules, their groups and notifications",
        classes=("validationRules", "validationRuleGroups", "validationNotificationTemplates"),
        needs=("system", "organisation", "users", "categories", "data_elements"),
    ),
    Family(
        name="predictors",
        title="Predictors and their groups",
        classes=("predictors", "predictorGroups"),
        needs=("system", "organisation", "users", "categories", "data_elements"),
    ),
    Family(
        name="analytics",
        title="Visualizations, maps, reports and dashboards",
        classes=(
            "expressionDimensionItems",
            "externalMapLayers",
            "visualizations",
            "eventVisualizations",
            "eventReports",
            "eventCharts",
            "maps",
            "reports",
            "documents",
            "sqlViews",
            "analyticsTableHooks",
            "dashboards",
        ),
        needs=(
            "system",
            "legends",
            "options",
            "organisation",
            "users",
            "categories",
            "data_elements",
            "indicators",
            "data_sets",
            "tracker",
            "programs",
        ),
    ),
)

_CREDENTIALS = "they are credentials: a key that works on two servers is a key too many"
_CONVERSATION = "it is what people wrote to each other, not how the system is set up"
_TRACKED = "it is tracked data, not metadata"
_FILES = "it names a file that lies on one server"
_OUTSIDE = "it holds the address of another system, and the secrets to get in"

#: Classes that stay where they are, and why.
NEVER_TRAVELS: Mapping[str, str] = MappingProxyType(
    {
        "apiToken": _CREDENTIALS,
        "oAuth2Clients": _CREDENTIALS,
        "oAuth2Authorizations": _CREDENTIALS,
        "oAuth2AuthorizationConsents": _CREDENTIALS,
        "aggregateDataExchanges": _OUTSIDE,
        "eventHooks": _OUTSIDE,
        "routes": _OUTSIDE,
        "jobConfigurations": "each server runs its own jobs: copied ones would do the work twice",
        "pushAnalysis": "each server sends mail in its own name; from 2.43 the class is gone",
        "smsCommands": "they answer the SMS gateway of one server: two servers that both answer "
        "would store a report twice",
        "fileResources": _FILES,
        "externalFileResources": _FILES,
        "dataStores": "they are notes that apps keep for themselves, secrets among them",
        "metadataVersions": "it is a server's own history",
        "proposals": "they are changes that one server's people have not decided on yet",
        "icons": "those of DHIS2 are everywhere the same, and one's own are files",
        "validationResults": "each server finds them in its own data",
        "minMaxDataElements": "they are limits that each server derives from its own data",
        "interpretations": _CONVERSATION,
        "interpretationComments": _CONVERSATION,
        "messageConversations": _CONVERSATION,
        "relationships": _TRACKED,
        "trackedEntityInstances": _TRACKED,
        "programInstances": _TRACKED,
        "programStageInstances": _TRACKED,
    }
)
