"""What each version owns of the generated metadata, where versions or classes differ.

A class owns every member that the content gives it, except those named here. It is taken from the
servers' own schemas [seen 2.38-2.43], to which a test holds the generated bodies.
"""

from functools import cache

#: Members that most classes have -> the classes without.
_WITHOUT = {
    "code": "eventFilters smsCommands messageConversations interpretations",
    "lastUpdatedBy": "options smsCommands messageConversations interpretations",
    "translations": """
        users sqlViews trackedEntityTypeAttributes programTrackedEntityAttributes
        programStageDataElements analyticsPeriodBoundaries analyticsTableHooks jobConfigurations
        oAuth2Clients smsCommands pushAnalysis messageConversations interpretations""",
    "createdBy": """
        options organisationUnitLevels categoryOptionCombos indicatorTypes sections dataEntryForms
        dataSetNotificationTemplates programTrackedEntityAttributeGroups programSections
        programStageSections programNotificationTemplates programRules programRuleActions
        programRuleVariables validationNotificationTemplates predictors analyticsTableHooks
        jobConfigurations smsCommands pushAnalysis legends mapViews dashboardItems
        programStageDataElements programTrackedEntityAttributes trackedEntityTypeAttributes
        analyticsPeriodBoundaries""",
    "sharing": """
        options organisationUnitLevels organisationUnits users categoryOptionCombos indicatorTypes
        sections dataEntryForms dataSetNotificationTemplates programTrackedEntityAttributeGroups
        programSections programStageSections programNotificationTemplates programRules
        programRuleActions programRuleVariables validationNotificationTemplates predictors
        analyticsTableHooks jobConfigurations oAuth2Clients smsCommands pushAnalysis
        messageConversations legends mapViews dashboardItems programStageDataElements
        programTrackedEntityAttributes trackedEntityTypeAttributes analyticsPeriodBoundaries""",
    "attributeValues": """
        attributes optionGroups optionGroupSets organisationUnitLevels userRoles categoryCombos
        indicatorTypes indicatorGroupSets dataApprovalLevels dataApprovalWorkflows dataEntryForms
        dataSetNotificationTemplates programTrackedEntityAttributeGroups programSections
        programStageSections programNotificationTemplates programIndicatorGroups programRules
        programRuleActions programRuleVariables eventFilters trackedEntityInstanceFilters
        programStageWorkingLists validationNotificationTemplates predictors predictorGroups
        externalMapLayers analyticsTableHooks jobConfigurations oAuth2Clients smsCommands
        pushAnalysis messageConversations interpretations reports dashboards legends mapViews
        dashboardItems programStageDataElements programTrackedEntityAttributes
        trackedEntityTypeAttributes analyticsPeriodBoundaries""",
}
#: Line -> what came with it: classes, and members of classes.
_SINCE = {
    "2.40": """
        programStageWorkingLists routes eventHooks aggregateDataExchanges
        attributes.objectTypes attributes.relationshipTypeAttribute categoryOptions.description
        categoryOptionGroups.description optionSets.description predictors.shortName
        programStages.referral relationshipTypes.referral relationshipTypes.attributeValues
        userRoles.restrictions visualizations.icons visualizations.rawPeriods
        eventVisualizations.rawPeriods mapViews.rawPeriods""",
    "2.42": """
        jobConfigurations.schedulingType mapViews.name oAuth2Clients.authorizationGrantTypes
        oAuth2Clients.clientId oAuth2Clients.clientSecret oAuth2Clients.createdBy
        programIndicators.attributeCombo programIndicators.categoryCombo
        programIndicators.categoryMappingIds programs.categoryMappings trackedEntityTypes.shortName
        visualizations.sorting""",
    "2.43": """
        maps.basemaps programs.enableChangeLog programs.enrollmentCategoryCombo programs.userRoles
        trackedEntityAttributes.blockedSearchOperators trackedEntityAttributes.skipAnalytics
        trackedEntityAttributes.minCharactersToSearch trackedEntityAttributes.trigramIndexable
        trackedEntityTypes.enableChangeLog validationRules.shortName""",
}
#: Line -> what was gone with it.
_GONE = {
    "2.40": """
        programTrackedEntityAttributeGroups indicatorGroups.indicatorGroupSet
        programTrackedEntityAttributes.programTrackedEntityAttributeGroups
        reports.relativePeriods visualizations.relativePeriods eventVisualizations.relativePeriods
        mapViews.relativePeriods""",
    "2.42": "oAuth2Clients.cid oAuth2Clients.grantTypes oAuth2Clients.secret",
    "2.43": "pushAnalysis",
}
_VALUE_TYPES = (
    "TEXT LONG_TEXT MULTI_TEXT LETTER PHONE_NUMBER EMAIL BOOLEAN TRUE_ONLY DATE DATETIME TIME "
    "NUMBER UNIT_INTERVAL PERCENTAGE INTEGER INTEGER_POSITIVE INTEGER_NEGATIVE "
    "INTEGER_ZERO_OR_POSITIVE TRACKER_ASSOCIATE USERNAME COORDINATE ORGANISATION_UNIT REFERENCE "
    "AGE URL FILE_RESOURCE IMAGE GEOJSON"
)


def list_value_types(line: str) -> tuple[str, ...]:
    """The types of value that a version line knows."""
    missing = {"MULTI_TEXT"} if line == "2.38" else set[str]()
    missing |= {"TRACKER_ASSOCIATE"} if line == "2.43" else set()
    return tuple(name for name in _VALUE_TYPES.split() if name not in missing)


@cache
def _list_absent(line: str) -> frozenset[str]:
    """Classes ("routes") and members ("maps.basemaps") that a version line does not own."""
    absent = {
        f"{plural}.{name}" for name, plurals in _WITHOUT.items() for plural in plurals.split()
    }
    for since, names in _SINCE.items():
        absent |= set(names.split()) if line < since else set()
    for gone, names in _GONE.items():
        absent |= set(names.split()) if line >= gone else set()
    return frozenset(absent)


def owns_class(plural: str, line: str) -> bool:
    """Whether a version line has the class."""
    return plural not in _list_absent(line)


def owns_member(plural: str, name: str, line: str) -> bool:
    """Whether a version line owns the member of the class."""
    return f"{plural}.{name}" not in _list_absent(line)
