"""Members of a body that the server keeps itself: they are neither compared nor sent.

Each has its reason. An object that differs in nothing else is unchanged.
"""

from collections.abc import Mapping
from functools import cache

_STAMP = "the server stamps it"
_ACCOUNT = "it names who asks, not what the object is"
_DERIVED = "the server derives it from other members"
_COUNTED = "the server counts it up with each save"
_PERSONAL = "it belongs to one person's use of the object"
_SECRET = "passwords and keys never travel"

#: Members of every class, by their reason.
MANAGED: Mapping[str, str] = {
    "created": _STAMP,
    "lastUpdated": _STAMP,
    "createdBy": _STAMP,
    "lastUpdatedBy": _STAMP,
    "user": _STAMP,
    "href": _DERIVED,
    "access": _ACCOUNT,
    "externalAccess": "sharing holds it",
    "publicAccess": "sharing holds it",
    "userAccesses": "sharing holds it",
    "userGroupAccesses": "sharing holds it",
    "favorite": _PERSONAL,
    "favorites": _PERSONAL,
    "subscribed": _PERSONAL,
    "subscribers": _PERSONAL,
    "interpretations": _PERSONAL,
    "dimensionItem": _DERIVED,
    "displayName": _DERIVED,
    "displayShortName": _DERIVED,
    "displayDescription": _DERIVED,
    "displayFormName": _DERIVED,
    "interpretationCount": _DERIVED,
    "interpretationLikeCount": _DERIVED,
    "contentCount": _DERIVED,
    "lastUpdatedTransient": _STAMP,
}

#: Members of one class, by plural.
MANAGED_OF_CLASS: Mapping[str, Mapping[str, str]] = {
    "organisationUnits": {"path": _DERIVED, "level": _DERIVED, "leaf": _DERIVED},
    "dataSets": {"version": _COUNTED},
    "programs": {"version": _COUNTED},
    "optionSets": {"version": _COUNTED},
    # counted from 1 up to 2.40, from 0 after it [seen]; the option set's list has the order
    "options": {"sortOrder": _DERIVED},
    "categoryOptionCombos": {"name": _DERIVED, "shortName": _DERIVED},
    "attributes": {"objectTypes": "the members <class>Attribute say the same"},
    "userRoles": {"users": "the users name their roles"},
    "users": {
        "name": _DERIVED,
        "lastLogin": _STAMP,
        "lastCheckedInterpretations": _STAMP,
        "passwordLastUpdated": _STAMP,
        "password": _SECRET,
        "secret": _SECRET,
        "twoFA": _SECRET,
        "twoFactorEnabled": _SECRET,
        "twoFactorType": _SECRET,
        "openId": _SECRET,
        "ldapId": _SECRET,
        "idToken": _SECRET,
        "restoreToken": _SECRET,
        "restoreExpiry": _SECRET,
        "verifiedEmail": _SECRET,
        "emailVerified": _SECRET,
        "emailVerificationToken": _SECRET,
        "invitation": _STAMP,
        "selfRegistered": _STAMP,
        "userCredentials": "the same members stand beside it",
        "settings": _PERSONAL,
    },
}

#: Members that stay as they are at the destination where the body to send does not name them: it
#: is for the destination to say whether an account that it has may sign in; files do not travel.
LEFT_ALONE: Mapping[str, frozenset[str]] = {
    "organisationUnits": frozenset({"image"}),
    "users": frozenset({"disabled", "accountExpiry", "externalAuth", "avatar"}),
}

#: Managed members that an update hands back as the destination has them: an import erases what it
#: is not given [read], and what people there have marked is theirs.
HANDED_BACK = frozenset({"created", "favorites", "subscribers"})
#: Those of one class. Passwords are kept without that; the other ways to sign in are not.
HANDED_BACK_OF_CLASS: Mapping[str, frozenset[str]] = {
    "users": frozenset(
        {
            "lastLogin",
            "lastCheckedInterpretations",
            "passwordLastUpdated",
            "twoFA",
            "openId",
            "ldapId",
            "verifiedEmail",
            "emailVerificationToken",
            "invitation",
            "selfRegistered",
        }
    ),
}


@cache
def managed_members(plural: str) -> frozenset[str]:
    """Members that are neither compared nor sent for objects of the class."""
    return frozenset(MANAGED) | frozenset(MANAGED_OF_CLASS.get(plural, {}))


def unsent_members(plural: str) -> frozenset[str]:
    """Managed members that are not even handed back with an update."""
    return managed_members(plural) - HANDED_BACK - HANDED_BACK_OF_CLASS.get(plural, frozenset())
