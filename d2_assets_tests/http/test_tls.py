"""A real TLS server: whatever the environment says, nothing is sent to one that is not known."""

from pathlib import Path

import pytest

from d2_assets.errors import ConfigurationError
from d2_assets.http.auth import BasicAuth
from d2_assets.http.session import HttpSession
from d2_assets_tests.http.certificates import Certificate, make_certificate
from d2_assets_tests.http.server import run_server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls") / "known")


def _open(url: str, ca_file: Path | None = None) -> HttpSession:
    return HttpSession(url, BasicAuth("admin", "district-secret"), ca_file=ca_file)


def _assert_refused(
    certificate: Certificate, trusted: Path | None, words: str, mend: str, host: str = "127.0.0.1"
) -> None:
    with run_server(certificate) as server:
        session = _open(server.url.replace("127.0.0.1", host), trusted)
        for ask in (session.get_json, lambda path: session.post_json(path, None, b"{}")):
            with pytest.raises(ConfigurationError, match="could not be verified") as caught:
                ask("api/me")
            assert "was not sent" in caught.value.message
            assert words in caught.value.message
            assert mend in caught.value.remedy
            assert "cannot be turned off" in caught.value.remedy
        assert server.asked == []
        assert session.traffic.bytes_received == 0
        session.close()


def test_a_certificate_of_its_own_is_trusted_when_ca_file_names_it(
    certificate: Certificate,
) -> None:
    with run_server(certificate) as server:
        session = _open(server.url, certificate.file)
        assert session.get_json("api/me") == {}
        assert session.post_json("api/x", None, b"{}").status == 200
        assert [one.method for one in server.asked] == ["GET", "POST"]
        session.close()


def test_a_certificate_of_its_own_is_not_trusted_without_ca_file(certificate: Certificate) -> None:
    _assert_refused(certificate, None, "self-signed certificate", "(ca_file)")


def test_the_certificate_of_another_authority_is_not_trusted(
    certificate: Certificate, tmp_path: Path
) -> None:
    other = make_certificate(tmp_path / "other")
    _assert_refused(certificate, other.file, "self-signed certificate", "(ca_file)")


def test_a_certificate_for_another_host_is_refused(tmp_path: Path) -> None:
    other = make_certificate(tmp_path / "other", names="DNS:other.example.org")
    _assert_refused(other, other.file, "127.0.0.1", "host name")
    _assert_refused(other, other.file, "localhost", "host name", host="localhost")


def test_a_certificate_whose_time_is_over_is_refused(tmp_path: Path) -> None:
    old = make_certificate(tmp_path / "old", years="2020-2021")
    _assert_refused(old, old.file, "expired", "renewed")


@pytest.mark.parametrize(
    "name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "PYTHONHTTPSVERIFY"]
)
def test_the_environment_cannot_make_a_certificate_trusted(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "0" if name == "PYTHONHTTPSVERIFY" else str(certificate.file))
    _assert_refused(certificate, None, "self-signed certificate", "(ca_file)")


def test_an_empty_name_of_a_bundle_does_not_turn_verification_off(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "")
    monkeypatch.setenv("CURL_CA_BUNDLE", "")
    _assert_refused(certificate, None, "self-signed certificate", "(ca_file)")


def test_a_ca_file_that_holds_no_certificate_is_named(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    with pytest.raises(ConfigurationError, match=r"ca\.pem cannot be used: it is no PEM"):
        _open("https://dhis2.example.org", file)


def test_a_ca_file_that_is_gone_when_it_is_needed_is_named(
    certificate: Certificate, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(certificate.file.read_bytes())
    with run_server(certificate) as server:
        session = _open(server.url, file)
        file.unlink()
        with pytest.raises(ConfigurationError, match=r"ca\.pem") as caught:
            session.download("api/me", None, tmp_path / "answer.json")
        assert "ca_file" in caught.value.remedy
        assert server.asked == []
