"""The shapes that a DHIS2 server answers in: web messages, error pages, login pages.

Error pages of unknown addresses are HTML of the web server, not JSON of DHIS2: Jetty up to 2.40,
Tomcat from 2.42 [seen].
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus
from typing import Any

import orjson

from d2_assets.sandbox.versions import VersionFacts

SYSTEM_NAME = "d2_assets sandbox (not a real DHIS2)"
_JETTY = """<html>
<head>
<meta http-equiv="Content-Type" content="text/html;charset=ISO-8859-1"/>
<title>Error {status} {words}</title>
</head>
<body><h2>HTTP ERROR {status} {words}</h2>
<table>
<tr><th>URI:</th><td>{path}</td></tr>
<tr><th>STATUS:</th><td>{status}</td></tr>
<tr><th>MESSAGE:</th><td>{message}</td></tr>
<tr><th>SERVLET:</th><td>dispatcher</td></tr>
</table>
</body>
</html>
"""
_TOMCAT = (
    '<!doctype html><html lang="en"><head><title>HTTP Status {status} \u2013 {words}</title></head>'
    "<body><h1>HTTP Status {status} \u2013 {words}</h1><p><b>Type</b> Status Report</p>"
    "<p><b>Message</b> {message}</p></body></html>"
)
LOGIN_PAGE = (
    "<!doctype html><html><head><title>Log in</title></head><body><h1>Log in</h1>"
    "<form><input name='username'/><input type='password'/></form></body></html>"
)
_FRONT_PAGE = """<!doctype html><html><head><title>Log in: {name}</title></head><body>
<h1>{name}</h1>
<p>This address stands in for DHIS2 {version}. It has no pages of its own, only the web API:
log in with the name <b>admin</b> and the password <b>district</b>.</p>
<pre>curl --user admin:district "{url}/api/dataSets?fields=id,name,periodType"</pre>
</body></html>
"""


@dataclass(slots=True)
class Answer:
    """What goes back. ``rows`` is how many data values the exchange was about."""

    status: int
    body: bytes | Iterator[bytes] = b""
    headers: dict[str, str] = field(default_factory=dict)
    rows: int = 0


def answer_json(facts: VersionFacts, body: Any, status: int = 200, rows: int = 0) -> Answer:
    """Any JSON body."""
    return Answer(status, orjson.dumps(body), {"content-type": facts.content_type}, rows)


def answer_message(
    facts: VersionFacts,
    status: int,
    *,
    message: str = "",
    outcome: str = "",
    error_code: str = "",
    response: Mapping[str, Any] | None = None,
) -> Answer:
    """DHIS2's web message. ``outcome`` is its ``status``: OK, WARNING or ERROR."""
    body: dict[str, Any] = {
        "httpStatus": HTTPStatus(status).phrase,
        "httpStatusCode": status,
        "status": outcome or ("OK" if status < 400 else "ERROR"),
    }
    if message:
        body["message"] = message
    if response is not None:
        body["response"] = response
    if error_code:
        body["errorCode"] = error_code
    return answer_json(facts, body, status)


def answer_html(status: int, page: str, **headers: str) -> Answer:
    """An HTML page, where a client hoped for JSON."""
    return Answer(status, page.encode(), {"content-type": "text/html;charset=utf-8", **headers})


def answer_front_page(facts: VersionFacts, url: str) -> Answer:
    """What a person sees who opens the sandbox in a browser, and where logins are sent."""
    return answer_html(200, _FRONT_PAGE.format(name=SYSTEM_NAME, version=facts.version, url=url))


def answer_error_page(facts: VersionFacts, status: int, path: str, message: str = "") -> Answer:
    """The web server's own page."""
    template = _JETTY if facts.web_server == "jetty" else _TOMCAT
    words = HTTPStatus(status).phrase
    resource = f"No static resource {path.lstrip('/')}."
    default = words if facts.web_server == "jetty" else resource
    return answer_html(
        status,
        template.format(
            status=status, words=words, path=escape(path), message=escape(message or default)
        ),
    )
