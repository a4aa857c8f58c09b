"""How the tracker importer of each version line answers: the sandbox's own table.

Words of refusals are in ``tracker_words``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class TrackerFacts:
    """One version line's importer."""

    #: Refusals speak of "TrackedEntityInstance" and repeat no arguments.
    speaks_old: bool
    #: Objects in a report have their place in the payload.
    gives_index: bool
    #: ``bundleReport`` repeats status and stats; it says "empty", wrongly.
    repeats_stats: bool
    says_empty: bool
    #: Words of a parameter whose value is unknown.
    bad_enum_words: str
    #: Of a body that is no JSON.
    malformed_status: int
    malformed_words: str
    #: Compulsory values must be in the payload, even where they are stored [read].
    asks_compulsory_again: bool
    #: Whether a status fits values, the status before and ``completedAt`` is looked at [read].
    checks_status: bool
    #: A child whose parent was refused fails the whole request.
    fails_on_refused_parent: bool
    #: An update whose enrollment carries a unique attribute fails the whole request.
    fails_on_unique_enrolled: bool
    #: Lists take ``orgUnitMode`` and lists parted by commas; bodies lack names of units, and
    #: enrollments of a list have what is in them.
    reads_new: bool
    #: Whose ``storedBy`` is shown: of nothing, of "values" of events, of "all" [seen].
    shows_stored_by: str
    #: Events without registration show an enrollment that nobody made [seen].
    shows_inner_enrollment: bool
    #: A list of events names its program, else an error page [seen].
    asks_program: bool
    #: Files of values have addresses below ``/api/tracker``; else those of the old endpoints.
    files_in_tracker: bool
    #: A full report of a job says how long its steps took; 2.40 says it twice [seen].
    gives_timings: bool
    repeats_timings: bool
    #: ``responseType`` of a job, the path of its ``location``, and whether a header has it too.
    job_response_type: str
    job_path: str
    job_location_header: bool
    #: What a job tells, oldest first; {0} is its id, {1} who asked, {2} the counts.
    job_steps: tuple[str, ...]


_OLD_STEPS = (
    "TRACKER_IMPORT_JOB ( {0} ) started by {1} Import:Start",
    "TRACKER_IMPORT_JOB ( {0} )preheat completed in 0.001 sec. Import:preheat",
    "TRACKER_IMPORT_JOB ( {0} )validation completed in 0.0 sec. Import:validation",
    "TRACKER_IMPORT_JOB ( {0} )programrule completed in 0.001 sec. Import:programrule",
    "TRACKER_IMPORT_JOB ( {0} )programruleValidation completed in 0.001 sec. "
    "Import:programruleValidation",
    "TRACKER_IMPORT_JOB ( {0} )commit completed in 0.001 sec. Import:commit",
    "TRACKER_IMPORT_JOB ( {0} ) finished in 0.003 sec. Import:Done",
)
_STEPS = (
    "Tracker import started",
    "Loading file resource",
    "Loading file content",
    "Running PreHeat",
    "Calculating Payload Size",
    "Running PreProcess",
    "Running Validation",
    "Running Rule Engine",
    "Running Rule Engine Validation",
    "Commit Transaction",
    "PostCommit",
    "Import complete with status {2}",
)
_STREAM = "org.springframework.util.StreamUtils$NonClosingInputStream"
_MALFORMED = (
    "Unexpected end-of-input: expected close marker for Array (start marker at [Source: "
    f"({_STREAM}); line: 1, column: {{0}}])\n at [Source: ({_STREAM}); line: 1, column: {{1}}] "
    "(through reference chain: org.hisp.dhis.webapi.controller.tracker.imports."
)
_V238 = TrackerFacts(
    speaks_old=True,
    gives_index=True,
    repeats_stats=True,
    says_empty=False,
    bad_enum_words="Value {0} is not a valid {1}. Valid values are: [{2}]",
    malformed_status=500,
    malformed_words=_MALFORMED + 'TrackerBundleParams["events"])',
    asks_compulsory_again=True,
    checks_status=False,
    fails_on_refused_parent=True,
    fails_on_unique_enrolled=True,
    reads_new=False,
    shows_stored_by="",
    shows_inner_enrollment=False,
    asks_program=False,
    files_in_tracker=False,
    gives_timings=True,
    repeats_timings=False,
    job_response_type="TrackerJob",
    job_path="/api/tracker/jobs/",
    job_location_header=True,
    job_steps=_OLD_STEPS,
)
#: Each row says what differs from the one before.
_V240 = replace(
    _V238,
    repeats_timings=True,
    repeats_stats=False,
    says_empty=True,
    bad_enum_words="Value '{0}' is not valid for parameter {1}. Valid values are: [{2}]",
    malformed_words=_MALFORMED + 'Body["events"])',
    fails_on_refused_parent=False,
    fails_on_unique_enrolled=False,
)
_V242 = replace(
    _V240,
    speaks_old=False,
    gives_index=False,
    says_empty=False,
    malformed_status=400,
    malformed_words="JSON parse error: Unexpected end-of-input: expected close marker for Array "
    "(start marker at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); "
    "line: 1, column: {0}])",
    asks_compulsory_again=False,
    checks_status=True,
    reads_new=True,
    shows_stored_by="values",
    shows_inner_enrollment=True,
    files_in_tracker=True,
    gives_timings=False,
    job_response_type="TrackerJobWebMessageResponse",
    job_path="/tracker/jobs/",
    job_location_header=False,
    job_steps=_STEPS,
)
_V243 = replace(
    _V242,
    shows_stored_by="all",
    shows_inner_enrollment=False,
    asks_program=True,
    job_response_type="TrackerJob",
    job_steps=(*_STEPS[:4], *_STEPS[5:9], _STEPS[4], *_STEPS[9:]),
)
_LINES: Mapping[str, TrackerFacts] = {
    "2.38": _V238,
    "2.40": _V240,
    "2.42": _V242,
    "2.43": _V243,
}


def find_tracker_facts(line: str) -> TrackerFacts:
    """The row of a version line."""
    return _LINES[line]
