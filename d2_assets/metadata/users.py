"""Users travel without anything that lets somebody in: they arrive disabled, or not at all.

Up to 2.37 a part of a user stood in ``userCredentials``, which 2.38-2.40 may still show beside the
flat members; every supported version takes the flat ones [seen]. Passwords, tokens and the like
are never read from it.
"""

from collections.abc import Mapping

from d2_assets.metadata.policy import Principals, Step, UserPolicy

USERS = "users"

#: What the block held that is the user's own.
_CREDENTIALS = frozenset(
    {"username", "userRoles", "disabled", "externalAuth", "accountExpiry"}
    | {"catDimensionConstraints", "cogsDimensionConstraints"}
)
#: Members that a name gives away: none of them is ever sent, whatever version brings it.
_SECRET_WORDS = ("password", "secret", "token", "twofa", "twofactor", "restore", "openid", "apikey")


def clean_user(step: Step, policy: UserPolicy, principals: Principals) -> None:
    """A user in its flat form, without secrets, as the pair wants it."""
    _flatten(step)
    for name in [name for name in step.body if is_secret(name)]:
        del step.body[name]
    there = principals.users.get(step.item.id)
    if there is not None and there == principals.account:
        step.leave_out(
            "sync_account",
            "It is the account that the pair uses at the destination: it is left as it is.",
        )
    elif policy == "leave_out":
        step.leave_out("users_left_out", "The pair moves no users (metadata.users: leave_out).")
    elif there is not None:
        # an account that is in use must not be locked, nor a locked one opened
        step.yielding.add("disabled")
    elif not step.body.get("disabled"):
        step.body["disabled"] = True
        step.yielding.add("disabled")
        step.adapt("disabled", "set to true", "Users arrive disabled: enable them by hand.")
    else:
        step.yielding.add("disabled")


def is_secret(name: str) -> bool:
    """Whether a member lets somebody in."""
    lower = name.lower()
    return any(word in lower for word in _SECRET_WORDS)


def _flatten(step: Step) -> None:
    block = step.body.pop("userCredentials", None)
    if isinstance(block, Mapping):
        for name in _CREDENTIALS & block.keys():
            step.body.setdefault(name, block[name])
