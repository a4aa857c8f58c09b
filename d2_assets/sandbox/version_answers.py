"""Parts of answers in which versions differ by many members: the options that they repeat."""

from typing import Any

OPTIONS_238: dict[str, Any] = {
    "idSchemes": {},
    "dryRun": False,
    "async": False,
    "importStrategy": "CREATE_AND_UPDATE",
    "mergeMode": "REPLACE",
    "reportMode": "FULL",
    "skipExistingCheck": False,
    "sharing": False,
    "skipNotifications": False,
    "skipAudit": False,
    "datasetAllowsPeriods": False,
    "strictPeriods": False,
    "strictDataElements": False,
    "strictCategoryOptionCombos": False,
    "strictAttributeOptionCombos": False,
    "strictOrganisationUnits": False,
    "requireCategoryOptionCombo": False,
    "requireAttributeOptionCombo": False,
    "skipPatternValidation": False,
    "ignoreEmptyCollection": False,
    "force": False,
    "firstRowIsHeader": True,
    "skipLastUpdated": False,
    "mergeDataValues": False,
    "skipCache": False,
}
OPTIONS_240 = OPTIONS_238 | {
    "strictDataSetApproval": False,
    "strictDataSetLocking": False,
    "strictDataSetInputPeriods": False,
}
USER_SETTINGS_238 = {
    "keyMessageSmsNotification": True,
    "keyStyle": "light_blue/light_blue.css",
    "keyUiLocale": "en",
    "keyAnalysisDisplayProperty": "name",
    "keyMessageEmailNotification": True,
}
USER_SETTINGS_242 = {
    "keyDbLocale": "en",
    "keyMessageSmsNotification": False,
    "keyTrackerDashboardLayout": "",
    "keyStyle": "light_blue/light_blue.css",
    "keyUiLocale": "en",
    "keyAnalysisDisplayProperty": "name",
    "keyMessageEmailNotification": False,
}
PARAMETERS_242: dict[str, Any] = {
    "importMode": "COMMIT",
    "identifier": "UID",
    "preheatMode": "REFERENCE",
    "importStrategy": "CREATE_AND_UPDATE",
    "atomicMode": "ALL",
    "flushMode": "AUTO",
    "importReportMode": "ERRORS",
    "skipSharing": False,
    "skipTranslation": False,
    "skipValidation": False,
    "metadataSyncImport": False,
    "firstRowIsHeader": True,
}
PARAMETERS_240 = PARAMETERS_242 | {"mergeMode": "REPLACE", "username": ""}
