"""What one DHIS2 version does differently from another: the sandbox's own table.

It is held to the recordings by the conformance suite and knows nothing of the client's dialects,
so that the two can disagree. A new server version is a row here, not a copied module.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from d2_assets.errors import ConfigurationError
from d2_assets.sandbox.version_answers import (
    OPTIONS_238,
    OPTIONS_240,
    PARAMETERS_240,
    PARAMETERS_242,
    USER_SETTINGS_238,
    USER_SETTINGS_242,
)


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """How a server of one version line answers."""

    line: str
    version: str
    revision: str
    #: "row": the good rows land; "group": a key error refuses every row of its data set.
    importer: Literal["row", "group"]

    # Access
    #: Where a request without credentials is sent; None answers 401 as JSON.
    login_page: str | None
    token_prefix: str
    #: A token whose checksum is wrong is told from one that is unknown.
    checks_tokens: bool
    token_response_type: str
    #: Settings in ``/api/me``.
    user_settings: Mapping[str, Any]
    #: ``/api/system/info`` tells of analytics tables; of sessions and capabilities.
    describes_analytics: bool
    describes_session: bool

    # The web server
    web_server: Literal["jetty", "tomcat"]
    content_type: str
    method_refusal: str
    #: ``categoryOptionComboUpdate`` is answered with a body.
    maintenance_body: bool

    # Metadata
    bad_filter_status: int
    #: Refusals of metadata requests name E1003, E1005 and the like.
    codes_metadata_errors: bool
    #: ``pageCount`` of a list without objects.
    empty_page_count: int
    #: Lists are ordered by name: in the order of letters, or capitals first.
    ignores_case_in_order: bool
    #: The offset behind the date of a metadata export.
    export_date_offset: str
    #: ``/api/programDataElements`` answers 400 without a program; else an empty list.
    asks_for_program: bool
    #: ``sharing`` has the member ``external``.
    sharing_external: bool

    # Metadata imports
    metadata_response_type: str
    #: Parameters that a summary of an asynchronous import repeats, beside those asked.
    metadata_parameters: Mapping[str, Any]
    #: ``mergeMode=MERGE`` keeps what a body leaves out; else it is erased.
    merges_metadata: bool
    #: Complaints end in a full stop; they repeat their arguments as texts.
    ends_complaints: bool
    gives_args: bool
    #: E5002 names the property and the object; words of E5003 have no hard spaces.
    names_blamed_objects: bool
    #: A UID of the wrong form is told (E4014), beside its length.
    checks_uid_form: bool
    #: Words of E5000, {0} is the object.
    create_refusal: str
    #: Of a body that is no JSON, and of one with an enum value that is unknown.
    stream_source: str
    bad_enum_status: int
    #: A required reference that is missing fails the request: its status; {0} is the property.
    null_reference_status: int
    null_reference_words: str
    #: Summaries of an asynchronous import list objects without errors.
    summarises_objects: bool
    #: Saving a category combo makes its option combos; else they must come as a whole set.
    makes_option_combos: bool
    #: A fresh server fails the first data sets until its caches are cleared.
    forgets_period_types: bool
    #: A delete that is vetoed is told in the report (E4030); else it fails the request.
    reports_vetoes: bool

    # Imports
    import_options: Mapping[str, Any]
    #: ``importOptions`` repeat the identifier schemes of the request.
    repeats_id_schemes: bool
    gives_rejected_indexes: bool
    #: Words of E7619; {0} data element, {1} the reason.
    misfit_words: str
    names_data_set_of_future_period: bool
    #: created, lastUpdated and storedBy of the payload are stored.
    keeps_payload_stamps: bool
    malformed_json: Literal["jackson", "post-condition", "reader"]
    #: ``responseType`` of an asynchronous import.
    job_response_type: str | None
    job_status: str
    #: Seconds until a job is picked up; until then its task list is empty.
    job_delay: float


_NULL = "not-null property references a null or transient value : {0}"

_V238 = VersionFacts(
    line="2.38",
    version="2.38.7",
    revision="56cd710",
    importer="row",
    login_page=None,
    token_prefix="d2pat_",
    checks_tokens=False,
    token_response_type="ApiTokenCreationResponse",
    user_settings=USER_SETTINGS_238,
    describes_analytics=False,
    describes_session=False,
    web_server="jetty",
    content_type="application/json",
    method_refusal="Request method '{0}' not supported",
    maintenance_body=False,
    bad_filter_status=409,
    codes_metadata_errors=False,
    empty_page_count=1,
    ignores_case_in_order=False,
    export_date_offset="",
    asks_for_program=False,
    sharing_external=True,
    metadata_response_type="ImportReport",
    metadata_parameters=PARAMETERS_240 | {"userOverrideMode": "NONE"},
    merges_metadata=True,
    ends_complaints=True,
    gives_args=False,
    names_blamed_objects=False,
    checks_uid_form=False,
    create_refusal="Found matching object for reference, but import mode is CREATE. "
    "Identifier was UID, and object was {0}.",
    stream_source="(BufferedInputStream)",
    bad_enum_status=500,
    null_reference_status=500,
    null_reference_words="could not execute statement",
    summarises_objects=False,
    makes_option_combos=True,
    forgets_period_types=False,
    reports_vetoes=False,
    import_options=OPTIONS_238,
    repeats_id_schemes=False,
    gives_rejected_indexes=False,
    misfit_words="Value must match data element's `{0}` type constraints: {1}",
    names_data_set_of_future_period=False,
    keeps_payload_stamps=True,
    malformed_json="jackson",
    job_response_type=None,
    job_status="SCHEDULED",
    job_delay=0.0,
)
#: Each row says what differs from the one before.
_V240 = replace(
    _V238,
    line="2.40",
    version="2.40.9.1",
    revision="e74f8c1",
    login_page="/dhis-web-commons/security/login.action",
    bad_filter_status=400,
    codes_metadata_errors=True,
    empty_page_count=0,
    export_date_offset="+0000",
    metadata_parameters=PARAMETERS_240,
    ends_complaints=False,
    names_blamed_objects=True,
    checks_uid_form=True,
    null_reference_status=409,
    null_reference_words=_NULL,
    summarises_objects=True,
    forgets_period_types=True,
    reports_vetoes=True,
    import_options=OPTIONS_240,
    gives_rejected_indexes=True,
    misfit_words="Value must match value type of data element `{0}`: `{1}`",
    names_data_set_of_future_period=True,
)
_V242 = replace(
    _V240,
    line="2.42",
    version="2.42.4.1",
    revision="3bdc3c5",
    login_page="/dhis-web-login/",
    token_prefix="d2p_",
    checks_tokens=True,
    token_response_type="ObjectReportWebMessageResponse",
    user_settings=USER_SETTINGS_242,
    describes_analytics=True,
    web_server="tomcat",
    content_type="application/json;charset=UTF-8",
    method_refusal="Request method '{0}' is not supported",
    ignores_case_in_order=True,
    asks_for_program=True,
    metadata_response_type="ImportReportWebMessageResponse",
    metadata_parameters=PARAMETERS_242,
    merges_metadata=False,
    gives_args=True,
    stream_source="REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)",
    null_reference_words=f"org.hibernate.PropertyValueException: {_NULL}",
    summarises_objects=False,
    repeats_id_schemes=True,
    keeps_payload_stamps=False,
    malformed_json="post-condition",
    job_response_type="JobConfigurationWebMessageResponse",
    job_status="NOT_STARTED",
    job_delay=0.3,
)
_V243 = replace(
    _V242,
    line="2.43",
    version="2.43.1",
    revision="9cbfbf3",
    importer="group",
    login_page="/login/",
    token_response_type="ObjectReport",
    describes_session=True,
    maintenance_body=True,
    sharing_external=False,
    metadata_response_type="ImportReport",
    create_refusal="Found matching object for reference, but import strategy is CREATE. "
    "Identifier was UID, and object was {0}.",
    bad_enum_status=409,
    makes_option_combos=False,
    forgets_period_types=False,
    import_options=OPTIONS_240 | {"atomic": False},
    malformed_json="reader",
    job_response_type="JobConfiguration",
)

VERSIONS: Mapping[str, VersionFacts] = {row.line: row for row in (_V238, _V240, _V242, _V243)}


def find_version(version: str) -> VersionFacts:
    """The row of a version line ("2.40") or full version ("2.40.9.1")."""
    line = ".".join(version.split(".")[:2])
    if line not in VERSIONS:
        raise ConfigurationError(
            f"The sandbox does not stand in for DHIS2 {version}.",
            remedy=f"Choose one of {', '.join(VERSIONS)}.",
        )
    return VERSIONS[line]
