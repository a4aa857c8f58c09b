"""The tags that runs bear, each in one place: the Runs page can be filtered by any of them.

``d2/status`` is derived from the others and from Dagster's own state of a run (``defs.status``).
"""

#: Marks a run that ended well and left something to look at: ``completed_with_warnings``.
OUTCOME_TAG = "d2/outcome"
WARNED, COMPLETED = "completed_with_warnings", "completed"
#: One of the status words: pending, running, completed, ...
STATUS_TAG = "d2/status"
#: "true" on a run that filters narrowed at launch: it stands for no whole partition.
PARTIAL_TAG = "d2/partial"
#: Rows and objects that the run wrote at its destinations.
WRITTEN_TAG = "d2/written"
#: Whether what stopped the run may pass by itself.
FAILURE_TAG = "d2/failure"
TRANSIENT, PERMANENT = "transient", "permanent"
#: What stopped the run, and what to do, in words.
CAUSE_TAG = "d2/cause"
MEND_TAG = "d2/mend"
#: Characters of such a text that go into a tag: it is read in a list of runs.
LONGEST_TEXT = 200
#: What started the run: change, cascade, schedule, sweep, retry. None: a person, or a backfill.
TRIGGER_TAG = "d2/trigger"
#: The pairs of a run and the instances it writes to, joined by commas.
PAIR_TAG = "d2/pair"
DESTINATION_TAG = "d2/destination"
#: Before the name of an instance: the queue counts the runs that write to it. Dagster permits one
#: slash in the key of a tag.
WRITES_PREFIX = "d2-writes/"
#: Who launched the run, as the signing-in proxy names them.
USER_TAG = "d2/user"
#: Ours, and the one that Dagster's pages show as who launched a run.
USER_TAGS = (USER_TAG, "user")
#: How many runs for the same cause went before: 1 for the first retry.
ATTEMPT_TAG = "d2/attempt"
#: When the next try is due, in seconds since the epoch, on a run whose status is retrying.
RETRY_AT_TAG = "d2/retry_at"
#: Kinds of what was told of a run through the notifier, joined by commas.
NOTICE_TAG = "d2/notice"
#: What was decided for a failed run: waiting, launched, superseded, used_up, hopeless. None:
#: nobody looked, since the sensor ``retries`` is off.
RETRY_TAG = "d2/retry"
WAITING, LAUNCHED, SUPERSEDED = "waiting", "launched", "superseded"
USED_UP, HOPELESS = "used_up", "hopeless"
