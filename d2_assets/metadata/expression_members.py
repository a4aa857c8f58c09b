"""Which members hold texts with UIDs in them, by class, and how those are read.

``[]`` stands for each item of a list. SQL views, HTML reports and JSON of apps are not here: no
grammar says where their UIDs stand, and they travel as they are.
"""

from collections.abc import Mapping

from d2_assets.metadata.expression_grammar import Kind

_ANALYSIS: Mapping[str, Kind] = {
    "columnDimensions[]": Kind.DIMENSION,
    "rowDimensions[]": Kind.DIMENSION,
    "filterDimensions[]": Kind.DIMENSION,
    "sorting[].dimension": Kind.DIMENSION,
    "series[].dimensionItem": Kind.DIMENSION,
    "optionalAxes[].dimensionalItem": Kind.DIMENSION,
    "repetitions[].dimension": Kind.DIMENSION,
    "simpleDimensions[].dimension": Kind.DIMENSION,
    "dataDimensionItems[].dataElementOperand.id": Kind.DIMENSION,
    "dataDimensionItems[].programDataElement.id": Kind.DIMENSION,
    "dataDimensionItems[].programAttribute.id": Kind.DIMENSION,
    "dataDimensionItems[].reportingRate.id": Kind.DIMENSION,
    "timeField": Kind.FIELD,
    "orgUnitField": Kind.FIELD,
}
_MAP_VIEW: Mapping[str, Kind] = {
    **_ANALYSIS,
    "eventCoordinateField": Kind.FIELD,
    "styleDataItem.id": Kind.FIELD,
    "styleDataItem.optionSet.id": Kind.OPTION_SET,
}
_MESSAGES: Mapping[str, Kind] = {
    "messageTemplate": Kind.MESSAGE,
    "subjectTemplate": Kind.MESSAGE,
}
_CRITERIA: Mapping[str, Kind] = {
    "dataFilters[].dataItem": Kind.FIELD,
    "attributeValueFilters[].attribute": Kind.ATTRIBUTE,
    "displayColumnOrder[]": Kind.FIELD,
    "organisationUnit": Kind.ORGANISATION_UNIT,
    "orgUnit": Kind.ORGANISATION_UNIT,
    "programStage": Kind.PROGRAM_STAGE,
    "trackedEntityType": Kind.TRACKED_ENTITY_TYPE,
    "assignedUsers[]": Kind.USER,
}
_DATA_VIEW: Mapping[str, Kind] = {
    "attributes[]": Kind.ATTRIBUTE,
    "dataElements[]": Kind.DATA_ELEMENT,
}


def _inside(path: str, members: Mapping[str, Kind]) -> dict[str, Kind]:
    return {f"{path}.{name}": kind for name, kind in members.items()}


#: Members with UIDs in their texts, by class.
EXPRESSIONS: Mapping[str, Mapping[str, Kind]] = {
    "indicators": {
        "numerator": Kind.INDICATOR,
        "denominator": Kind.INDICATOR,
        "aggregateExportCategoryOptionCombo": Kind.OPTION_COMBO,
        "aggregateExportAttributeOptionCombo": Kind.OPTION_COMBO,
    },
    "expressionDimensionItems": {"expression": Kind.INDICATOR},
    "validationRules": {
        "leftSide.expression": Kind.INDICATOR,
        "rightSide.expression": Kind.INDICATOR,
    },
    "predictors": {
        "generator.expression": Kind.INDICATOR,
        "sampleSkipTest.expression": Kind.INDICATOR,
    },
    "dataEntryForms": {"htmlCode": Kind.FORM},
    "dataSets": {"compulsoryDataElementOperands[].id": Kind.DIMENSION},
    "sections": {"displayOptions": Kind.SECTION, "greyedFields[].id": Kind.DIMENSION},
    "programs": {
        "categoryMappings[].categoryId": Kind.CATEGORY,
        "categoryMappings[].optionMappings[].optionId": Kind.CATEGORY_OPTION,
        "categoryMappings[].optionMappings[].filter": Kind.PROGRAM,
    },
    "programIndicators": {
        "expression": Kind.PROGRAM,
        "filter": Kind.PROGRAM,
        "analyticsPeriodBoundaries[].boundaryTarget": Kind.PROGRAM,
        "orgUnitField": Kind.FIELD,
        "aggregateExportDataElement": Kind.DATA_ELEMENT,
        "aggregateExportCategoryOptionCombo": Kind.OPTION_COMBO,
        "aggregateExportAttributeOptionCombo": Kind.OPTION_COMBO,
    },
    "programNotificationTemplates": _MESSAGES,
    "programRules": {"condition": Kind.RULE},
    "programRuleActions": {
        "data": Kind.RULE,
        "content": Kind.RULE,
        "templateUid": Kind.NOTIFICATION,
    },
    "relationshipTypes": {
        **_inside("fromConstraint.trackerDataView", _DATA_VIEW),
        **_inside("toConstraint.trackerDataView", _DATA_VIEW),
    },
    "trackedEntityInstanceFilters": {
        **_inside("entityQueryCriteria", _CRITERIA),
        "eventFilters[].programStage": Kind.PROGRAM_STAGE,
    },
    "eventFilters": _inside("eventQueryCriteria", _CRITERIA),
    "programStageWorkingLists": _inside("programStageQueryCriteria", _CRITERIA),
    "visualizations": _ANALYSIS,
    "eventVisualizations": _ANALYSIS,
    "eventReports": _ANALYSIS,
    "eventCharts": _ANALYSIS,
    "maps": {
        "basemap": Kind.MAP_LAYER,
        "basemaps[].id": Kind.MAP_LAYER,
        **_inside("mapViews[]", _MAP_VIEW),
    },
    "dashboards": {"allowedFilters[]": Kind.FILTER},
}
