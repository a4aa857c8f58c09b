"""Users in imports: up to 2.40 a block ``userCredentials`` may hold what the user holds now."""

from typing import Any

Body = dict[str, Any]

_FROM_CREDENTIALS = (
    "username", "password", "userRoles", "openId", "ldapId", "disabled", "externalAuth",
    "accountExpiry", "catDimensionConstraints", "cogsDimensionConstraints", "twoFA", "invitation",
    "selfRegistered",
)  # fmt: skip


def flatten_user(body: Body) -> Body:
    """A user with the members of its credentials in its own body; its own come first."""
    credentials = body.get("userCredentials")
    if not isinstance(credentials, dict):
        return body
    taken = {name: credentials[name] for name in _FROM_CREDENTIALS if name in credentials}
    return {**taken, **{name: value for name, value in body.items() if name != "userCredentials"}}
