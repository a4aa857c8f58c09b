"""What the product asks of a server, asked again only where that is safe, with no secret told.

A session is for one server and one account and serves several threads at once. Reads come back
whole or not at all; a write whose answer was lost is never sent again blindly.
"""

import gzip as gzip_format
import logging
import random
import time
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from urllib.parse import urlencode

import tenacity
from urllib3.filepost import encode_multipart_formdata

from d2_assets.disk import name_disk_errors
from d2_assets.errors import ContractError, D2AssetsError, RejectedError, TransientError
from d2_assets.http.answers import Answer, find_refusal
from d2_assets.http.auth import Auth
from d2_assets.http.connection import Connection, Params, Traffic
from d2_assets.http.policy import RetryPolicy
from d2_assets.http.redaction import Redactor

logger = logging.getLogger(__name__)

T = TypeVar("T")

DEFAULT_POLICY = RetryPolicy()
_GZIP_LEVEL = 2
_NOT_MODIFIED = 304


class HttpSession:
    """A pooled session with ``base_url``, safe for several threads at once.

    All methods raise the errors of ``d2_assets.errors``, with every secret hidden; their messages
    begin with ``name``, what people call the server.
    """

    def __init__(
        self,
        base_url: str,
        auth: Auth,
        *,
        name: str = "",
        timeout_seconds: float = 120,
        ca_file: str | Path | None = None,
        pool_size: int = 8,
        policy: RetryPolicy = DEFAULT_POLICY,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
        secrets: Iterable[str] = (),
    ) -> None:
        self._line = Connection(
            base_url,
            auth,
            timeout_seconds=timeout_seconds,
            ca_file=ca_file,
            pool_size=pool_size,
            clock=clock,
        )
        self._name = name
        self._policy = policy
        self._sleep = sleep
        self._jitter = jitter
        self._redact = Redactor((*self._line.secrets, *secrets))

    @property
    def base_url(self) -> str:
        """The server's address, without a slash at its end."""
        return self._line.base_url

    @property
    def server(self) -> str:
        """The server in messages: what people call it, and its address."""
        return ": ".join(filter(None, (self._name, self.base_url)))

    @property
    def traffic(self) -> Traffic:
        """What this session has sent and received so far."""
        return self._line.traffic

    def close(self) -> None:
        """Close the pooled connections."""
        self._line.close()

    def get_json(self, path: str, params: Params | None = None) -> Any:
        """The JSON answer to a GET, asked again while the server or the line is not there."""

        def read() -> Any:
            body = BytesIO()
            self._read(path, params, body)
            return self._parse_json(path, body.getvalue())

        return self._repeat(read)

    def get_json_if_modified(
        self, path: str, params: Params | None, since: str
    ) -> tuple[Any | None, str]:
        """The JSON answer to a GET and its Last-Modified, which is empty where it has none.

        The body is None where nothing was modified ``since``, the Last-Modified of an earlier
        answer; nothing is assumed where that is empty. Errors as in ``get_json``.
        """

        def read() -> tuple[Any | None, str]:
            question = self._line.ask("GET", path)
            headers = {"If-Modified-Since": since} if since else None
            with self._line.exchange(question, params, headers=headers) as (response, chunks):
                content, status = b"".join(chunks), response.status_code
                if since and status == _NOT_MODIFIED:
                    return None, since
                _raise(find_refusal(question, Answer(status, content, response.headers)))
                stamp = response.headers.get("Last-Modified", "")
            return self._parse_json(path, content), stamp

        return self._repeat(read)

    def download(self, path: str, params: Params | None, to: Path) -> int:
        """Stream a GET's JSON body into the file ``to``, un-gzipped; gives the file's bytes.

        The file is whole or absent. ContractError for HTML, TransientError for a cut answer,
        ConfigurationError naming ``to`` where the disk is full or closed to us.
        """
        return self._download(path, params, to, is_json=True)

    def download_file(self, path: str, params: Params | None, to: Path) -> int:
        """Stream a GET's body of any kind (an image, a document) into the file ``to``; gives its
        bytes. The file is whole or absent; errors as in ``download``."""
        return self._download(path, params, to, is_json=False)

    def _download(self, path: str, params: Params | None, to: Path, *, is_json: bool) -> int:
        partial = to.with_name(f"{to.name}.partial")

        def read() -> int:
            with partial.open("wb") as body:
                self._read(path, params, body, is_json=is_json)
                return body.tell()

        with name_disk_errors(to):
            try:
                size = self._repeat(read)
                partial.replace(to)
            finally:
                partial.unlink(missing_ok=True)
        return size

    def post_json(
        self, path: str, params: Params | None, body: bytes, *, gzip: bool = False
    ) -> Answer:
        """Send a JSON body once; again only if it surely was not carried out.

        Every 2xx, 4xx and 5xx with a JSON body is an answer (a report, often), without the
        secrets that it quotes. RejectedError,
        ConfigurationError: refused. OutcomeUnknownError: sent, and the answer was lost.
        """
        payload = gzip_format.compress(body, _GZIP_LEVEL, mtime=0) if gzip else body
        headers = {"Content-Type": "application/json"}
        if gzip:
            headers["Content-Encoding"] = "gzip"
        return self._post(path, params, payload, headers)

    def _post(
        self, path: str, params: Params | None, payload: bytes, headers: Mapping[str, str]
    ) -> Answer:
        question = self._line.ask("POST", path)

        def write() -> Answer:
            with self._line.exchange(question, params, payload, headers) as (response, chunks):
                answer = Answer(response.status_code, b"".join(chunks), response.headers)
                _raise(find_refusal(question, answer))
                return answer.hide(self._redact)

        return self._repeat(write)

    def post_form(self, path: str, fields: Mapping[str, str]) -> Answer:
        """Send a form, as an OAuth 2 token is asked for; errors and answers as in ``post_json``.

        Fields go in the body: addresses are logged on the way.
        """
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._post(path, None, urlencode(fields).encode("ascii"), headers)

    def post_file(
        self, path: str, params: Params | None, file: Path, name: str, kind: str
    ) -> Answer:
        """Upload a file under a name and media type, as a form does; answers as in
        ``post_json``."""
        with name_disk_errors(file):
            content = file.read_bytes()
        payload, media_type = encode_multipart_formdata({"file": (name, content, kind)})
        return self._post(path, params, payload, {"Content-Type": media_type})

    def _read(
        self, path: str, params: Params | None, body: BinaryIO, *, is_json: bool = True
    ) -> None:
        question = self._line.ask("GET", path)
        headers = None if is_json else {"Accept": "*/*", "Accept-Encoding": "identity"}
        exchange = self._line.exchange(question, params, headers=headers, unzips=is_json)
        with exchange as (response, chunks):
            good = 200 <= response.status_code < 300
            head = next(chunks, b"") if good else b"".join(chunks)
            if not good or is_json:
                _raise(find_refusal(question, Answer(response.status_code, head, response.headers)))
            for chunk in chain([head], chunks):
                body.write(chunk)

    def _parse_json(self, path: str, content: bytes) -> Any:
        try:
            return Answer(200, content).parse_json()
        except ContractError as error:
            raise ContractError(
                f"{self._line.ask('GET', path).name}: {error.message}",
                remedy="Check that the instance's URL is that of the server itself.",
            ) from error

    def _repeat(self, attempt: Callable[[], T]) -> T:
        """Run the attempt until it succeeds, fails for good, or the policy gives up."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TransientError),
            stop=lambda state: self._policy.gives_up(state.attempt_number, _retry_after(state)),
            wait=lambda state: self._policy.delay(
                state.attempt_number, _retry_after(state), self._jitter()
            ),
            sleep=self._sleep,
            before_sleep=self._log_pause,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except D2AssetsError as error:
            if isinstance(error, TransientError):
                error.message += f" Attempts: {retrying.statistics['attempt_number']}."
            error.message = self._redact(": ".join(filter(None, (self._name, error.message))))
            error.remedy = self._redact(error.remedy)
            error.args = (error.message,)
            if isinstance(error, RejectedError):
                error.code = self._redact(error.code)
            raise

    def _log_pause(self, state: tenacity.RetryCallState) -> None:
        failure = state.outcome.exception() if state.outcome else None
        logger.info(
            "%s Attempt %d follows in %.1f s.",
            self._redact(getattr(failure, "message", "")),
            state.attempt_number + 1,
            state.upcoming_sleep,
        )


def _raise(refusal: D2AssetsError | None) -> None:
    if refusal is not None:
        raise refusal


def _retry_after(state: tenacity.RetryCallState) -> float | None:
    failure = state.outcome.exception() if state.outcome else None
    return failure.retry_after if isinstance(failure, TransientError) else None
