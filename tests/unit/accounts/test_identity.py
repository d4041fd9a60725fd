import pytest

from mammogram_viewer.accounts.identity import clean_email, clean_name
from mammogram_viewer.accounts.secrets import digest_of, new_secret
from mammogram_viewer.activity.addresses import family_of, network_of
from mammogram_viewer.foundation.errors import Invalid


@pytest.mark.parametrize("email", ["a@b", "Ada.Byron+viewer@clinic.example", "jörg@klinik.example", "admin@localhost"])
def test_addresses_are_kept_as_typed_without_the_blanks_around(email: str) -> None:
    assert clean_email(f"  {email} ") == email


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "@clinic.example",
        "ada@",
        "a b@c",
        "a@b@c",
        "a@b\nBcc: x",
        "a\x00@b",
        "a@b,c@d",
        f"{'a' * 250}@b.example",
    ],
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(Invalid) as refusal:
        clean_email(email)
    assert refusal.value.code == "invalid_email"


def test_names_lose_superfluous_blanks_and_may_be_empty() -> None:
    assert clean_name("  Ada   Byron ") == "Ada Byron"
    assert clean_name("") == ""


@pytest.mark.parametrize("name", ["a\x00b", "a\u202eb", "x" * 201])
def test_names_with_control_characters_or_without_end_are_refused(name: str) -> None:
    with pytest.raises(Invalid):
        clean_name(name)


def test_secrets_have_256_bits_and_only_their_own_shape_is_looked_up() -> None:
    secret = new_secret()
    digest = digest_of(secret)
    assert len(secret) == 43
    assert digest is not None and len(digest) == 32
    assert digest != digest_of(new_secret())
    for forged in ("", "x", secret + "=", secret + "\n", secret[:-1], secret + "A", "\u00e9" * 43, "' OR 1=1 --"):
        assert digest_of(forged) is None


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("testclient", None),
        ("", None),
        (None, None),
    ],
)
def test_addresses_are_shortened_to_their_network(ip: str | None, network: str | None) -> None:
    assert network_of(ip) == network


@pytest.mark.parametrize(
    ("user_agent", "family"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
            "Chrome",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36 Edg/126.0", "Edge"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox"),
        ("Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15", "Safari"),
        ("curl/8.5.0", "curl"),
        ("python-httpx/0.28.1", "Python"),
        ("something else", "other"),
        (None, None),
    ],
)
def test_user_agents_are_shortened_to_their_family(user_agent: str | None, family: str | None) -> None:
    assert family_of(user_agent) == family
